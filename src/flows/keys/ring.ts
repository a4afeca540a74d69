// Signing keys of a tenant: made, sealed, kept in memory as a ring, and published.
import { contentTag } from '../../crypto/hash.ts';
import {
  importSigningKey,
  importVerificationKey,
  makeSigningKey,
  type PublicJwk,
  type SigningKey,
  type VerificationKey,
} from '../../crypto/jwt.ts';
import type { SecretBox } from '../../crypto/secret-box.ts';
import type { Deps } from '../../deps.ts';
import type { SigningAlg } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Db } from '../../storage/database.ts';
import { insertKey, keysSealedOtherwise, listPublishedKeys, resealKey } from '../../storage/signing-keys.ts';
import { record } from '../events.ts';
import { sealAnew } from './reseal.ts';

export type KeyRing = {
  readonly signing: ReadonlyMap<SigningAlg, SigningKey>;
  /** By `kid`: everything that is published. */
  readonly verification: ReadonlyMap<string, VerificationKey>;
  /** RFC 7517 5, ready to send. */
  readonly jwks: { readonly body: Buffer; readonly etag: string };
};

/** The tenant's keys, imported once and kept until they change. */
export function keyRing(deps: Deps, tenant: Tenant): Promise<KeyRing> {
  return deps.memory.get('keys', tenant.id, '', async () => {
    const keys = await listPublishedKeys(deps.db, tenant.id);
    const signing = new Map<SigningAlg, SigningKey>();
    const verification = new Map<string, VerificationKey>();
    for (const key of keys) {
      verification.set(key.kid, await importVerificationKey(key.alg, key.publicJwk));
      if (key.state !== 'active' || key.privateJwkSealed === undefined) continue;
      const opened = openPrivateKey(deps.box, tenant.id, key.kid, key.privateJwkSealed);
      const privateJwk = JSON.parse(opened.toString()) as PublicJwk;
      signing.set(key.alg, await importSigningKey(key.kid, key.alg, privateJwk));
    }
    const body = Buffer.from(JSON.stringify({ keys: keys.map((key) => key.publicJwk) }));
    return { signing, verification, jwks: { body, etag: `"${contentTag(body)}"` } };
  });
}

/** The key that signs now. @throws Error when the tenant has none, which neither a start nor the saving of a client leaves so. */
export async function signingKey(deps: Deps, tenant: Tenant, alg: SigningAlg): Promise<SigningKey> {
  const key = (await keyRing(deps, tenant)).signing.get(alg);
  if (key) return key;
  // The first client for this algorithm may be known here before word of its key.
  deps.memory.drop({ kind: 'keys', tenantId: tenant.id, entity: '' });
  const anew = (await keyRing(deps, tenant)).signing.get(alg);
  if (!anew) throw new Error(`tenant ${tenant.slug} has no active ${alg} key`);
  return anew;
}

export type SealedKey = {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicJwk: PublicJwk;
  readonly privateJwkSealed: string;
};

/** A new key pair, its private part sealed to this tenant. Takes long for RSA: call it outside transactions. */
export async function makeSealedKey(deps: Deps, tenantId: string, alg: SigningAlg): Promise<SealedKey> {
  const { kid, publicJwk, privateJwk } = await makeSigningKey(alg);
  return {
    kid,
    alg,
    publicJwk,
    privateJwkSealed: deps.box.seal('signing key', aboutKey(tenantId, kid), Buffer.from(JSON.stringify(privateJwk))),
  };
}

/** @returns false when another process made the key of this state first. */
export async function insertMadeKey(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  key: SealedKey,
  state: 'next' | 'active',
): Promise<boolean> {
  if (!(await insertKey(tx, context.tenant.id, { ...key, state }, context.now))) return false;
  await record(deps, tx, context, { type: 'key.created', data: { kid: key.kid, alg: key.alg, state } });
  return true;
}

/** Seals anew what an older SECRET_KEY seals, so that the older one can be taken out of the settings. */
export async function resealKeys(deps: Deps): Promise<void> {
  const found = await keysSealedOtherwise(deps.db, deps.box.currentKey);
  const things = found.map(({ tenantId, kid, sealed }) => ({
    about: aboutKey(tenantId, kid),
    sealed,
    names: { tenantId, kid },
    store: (anew: string) => resealKey(deps.db, tenantId, kid, sealed, anew),
  }));
  await sealAnew(deps, { purpose: 'signing key', trouble: 'a signing key could not be sealed anew' }, things);
}

/** @throws Error that names the key, when it is sealed with another SECRET_KEY or was changed. */
function openPrivateKey(box: SecretBox, tenantId: string, kid: string, sealed: string): Buffer {
  try {
    return box.open('signing key', aboutKey(tenantId, kid), sealed);
  } catch (error) {
    throw new Error(`The signing key ${kid} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

/** Whether `box` opens a sealed private key. */
export function opensPrivateKey(box: SecretBox, tenantId: string, kid: string, sealed: string): boolean {
  try {
    return box.open('signing key', aboutKey(tenantId, kid), sealed).length > 0;
  } catch {
    return false;
  }
}

function aboutKey(tenantId: string, kid: string): string {
  return `${tenantId} ${kid}`;
}
