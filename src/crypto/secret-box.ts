// What SECRET_KEY does: seal what must be read again, and authenticate what must only be recognized. Old keys open, only the first seals.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

export type SecretBox = {
  /** AES-256-GCM under the first key. `purpose` and `about` must be the same to open it again. */
  seal(purpose: string, about: string, plain: Uint8Array): string;
  /** @throws Error when no key opens it: another SECRET_KEY, or tampering. */
  open(purpose: string, about: string, sealed: string): Buffer;
  /** HMAC-SHA256 under the first key, with that key's id in front. */
  mac(purpose: string, value: string): string;
  /** True when `mac` is of `value` under any of the keys; in constant time. */
  matches(purpose: string, value: string, mac: string): boolean;
  /** What `seal` puts in front: the id of the first key. */
  readonly currentKey: string;
  /** The ids of the other keys. */
  readonly olderKeys: readonly string[];
  /** Whether the key of this id is among those given. */
  has(keyId: string): boolean;
  /** True when `mac` was made under the first key, so that it outlives the others. */
  isCurrent(mac: string): boolean;
  /** A key for `purpose` alone, derived from the first key, and that key's id. */
  purposeKey(purpose: string): { readonly id: string; readonly key: Uint8Array };
  /** The same derived from the key of this id; undefined when it is not among those given. */
  purposeKeyNamed(keyId: string, purpose: string): Uint8Array | undefined;
};

/** `keys`: 32 bytes each, the current one first. */
export function secretBox(keys: readonly Uint8Array[]): SecretBox {
  const ring = keys.map((key) => ({
    id: createHash('sha256').update('signet key id').update(key).digest('base64url').slice(0, 8),
    key,
  }));
  const first = ring[0];
  if (!first) throw new Error('SECRET_KEY has no key');
  const derived = new Map<string, Buffer>();
  const macKeys = new Map<string, KeyObject>();
  const keyFor = (id: string, key: Uint8Array, purpose: string) => {
    const name = `${id}.${purpose}`;
    const known = derived.get(name);
    if (known) return known;
    const made = Buffer.from(hkdfSync('sha256', key, '', `signet ${purpose}`, 32));
    derived.set(name, made);
    return made;
  };
  const macWith = (id: string, key: Uint8Array, purpose: string, value: string) => {
    const name = `${id}.${purpose}`;
    let macKey = macKeys.get(name);
    if (!macKey) macKeys.set(name, (macKey = createSecretKey(keyFor(id, key, `mac ${purpose}`))));
    return createHmac('sha256', macKey).update(value).digest();
  };

  return {
    seal(purpose, about, plain) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', keyFor(first.id, first.key, `seal ${purpose}`), nonce);
      cipher.setAAD(Buffer.from(about));
      const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return `${first.id}.${sealed.toString('base64url')}`;
    },
    open(purpose, about, sealed) {
      const dot = sealed.indexOf('.');
      const entry = ring.find(({ id }) => id === sealed.slice(0, dot));
      if (!entry) throw new Error(`sealed with a SECRET_KEY that is not given (key ${sealed.slice(0, dot)})`);
      return unseal(
        keyFor(entry.id, entry.key, `seal ${purpose}`),
        about,
        Buffer.from(sealed.slice(dot + 1), 'base64url'),
      );
    },
    mac: (purpose, value) => `${first.id}.${macWith(first.id, first.key, purpose, value).toString('base64url')}`,
    currentKey: first.id,
    olderKeys: ring.slice(1).map(({ id }) => id),
    has: (keyId) => ring.some(({ id }) => id === keyId),
    isCurrent: (mac) => mac.startsWith(`${first.id}.`),
    purposeKey: (purpose) => ({ id: first.id, key: keyFor(first.id, first.key, `key ${purpose}`) }),
    purposeKeyNamed(keyId, purpose) {
      const entry = ring.find(({ id }) => id === keyId);
      return entry && keyFor(entry.id, entry.key, `key ${purpose}`);
    },
    matches(purpose, value, mac) {
      const dot = mac.indexOf('.');
      const entry = ring.find(({ id }) => id === mac.slice(0, dot)) ?? first;
      const given = Buffer.from(mac.slice(dot + 1), 'base64url');
      const right = macWith(entry.id, entry.key, purpose, value);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}

function unseal(key: Buffer, about: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(about));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}
