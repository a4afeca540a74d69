// The issuer's keys as an API sees them: fetched rarely, used while the issuer is away, and dropped in time.
import { exportJWK } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KeysUnavailable, TokenError, type Verifier } from '../../src/verifier/verifier.ts';
import {
  audience,
  type FakeIssuer,
  fakeIssuer,
  issuer,
  json,
  keyFetches,
  keysUrl,
  makePair,
  metadataUrl,
  type Pair,
} from './issuer.ts';

let first: Pair;
let second: Pair;
let id: FakeIssuer;
let verifier: Verifier;
beforeAll(async () => {
  [first, second] = await Promise.all([makePair('first'), makePair('second')]);
});
beforeEach(() => {
  id = fakeIssuer(first);
  verifier = id.verifier();
});

const outcome = (token: string, by = verifier) =>
  by.verify(token).then(
    () => 'taken',
    (error: unknown) =>
      error instanceof TokenError ? error.code : error instanceof KeysUnavailable ? 'unavailable' : String(error),
  );
const away = () => {
  id.answerKeys = () => Promise.reject(new TypeError('fetch failed'));
  id.answerMetadata = () => Promise.reject(new TypeError('fetch failed'));
};
const back = () => {
  id.answerKeys = undefined;
  id.answerMetadata = undefined;
};

describe('when keys are fetched', () => {
  test('not before the first token, and once for however many wait', async () => {
    expect(id.calls).toEqual([]);
    const tokens = Array.from({ length: 50 }, () => id.token(first));
    expect(new Set(await Promise.all(tokens.map((token) => outcome(token))))).toEqual(new Set(['taken']));
    expect(id.calls).toEqual([metadataUrl, keysUrl]);
  });

  test('ahead of it where a server asks for that', async () => {
    await verifier.prime();
    await verifier.prime();
    expect(await outcome(id.token(first))).toBe('taken');
    expect(keyFetches(id)).toBe(1);
  });

  test.each([
    ['no word of the issuer: the ceiling', undefined, 300],
    ['its max-age', 'public, max-age=100', 100],
    ['a max-age above the ceiling', 'max-age=86400', 300],
    ['a max-age below the cool-down', 'max-age=0', 30],
    ['no-store', 'no-store', 30],
  ])('again after %s', async (_what, cacheControl, seconds) => {
    id.cacheControl = cacheControl;
    const token = id.token(first);
    await outcome(token);
    id.advance(seconds - 1);
    expect(verifier.verifyNow(token)).toBeDefined();
    await outcome(id.token(first));
    expect(keyFetches(id)).toBe(1);
    id.advance(1);
    await outcome(id.token(first));
    expect(keyFetches(id)).toBe(2);
  });

  test('what an answer spent in caches on the way is taken off', async () => {
    id.answerKeys = () => json({ keys: id.keys }, { 'cache-control': 'max-age=100', age: '60' });
    await verifier.prime();
    id.advance(40);
    await outcome(id.token(first));
    expect(keyFetches(id)).toBe(2);
  });

  test('for an unknown key, but a flood of them fetches once in the cool-down', async () => {
    await verifier.prime();
    const unknown = () =>
      Promise.all(Array.from({ length: 20 }, (_, n) => outcome(id.token(second, {}, { kid: `k${n}` }))));
    expect(new Set(await unknown())).toEqual(new Set(['invalid_token']));
    expect(keyFetches(id)).toBe(1);
    id.advance(30);
    await unknown();
    await unknown();
    expect(keyFetches(id)).toBe(2);
  });

  test('a clock that was set back makes them no younger', async () => {
    await verifier.prime();
    id.advance(-3600);
    expect(await outcome(id.token(first))).toBe('taken');
    expect(keyFetches(id)).toBe(2);
  });
});

describe('keys that come and go', () => {
  test('a new key is taken at once after the cool-down, and the former one as long as it is there', async () => {
    await outcome(id.token(first));
    id.keys = [first.jwk, second.jwk];
    id.advance(30);
    expect(await outcome(id.token(second))).toBe('taken');
    expect(await outcome(id.token(first))).toBe('taken');
  });

  test('what a revoked key signed is refused after the ceiling at the latest, remembered or not', async () => {
    const token = id.token(first);
    expect(await outcome(token)).toBe('taken');
    id.keys = [second.jwk];
    id.advance(299);
    expect(await outcome(token)).toBe('taken');
    id.advance(1);
    expect(verifier.verifyNow(token)).toBeUndefined();
    expect(await outcome(token)).toBe('invalid_token');
    expect(await outcome(id.token(first))).toBe('invalid_token');
  });

  test('another key under the same name ends what the former one signed', async () => {
    const token = id.token(first);
    await outcome(token);
    id.keys = [{ ...second.jwk, kid: 'first' }];
    id.advance(300);
    await verifier.prime();
    expect(verifier.verifyNow(token)).toBeUndefined();
    expect(await outcome(token)).toBe('invalid_token');
  });

  test('a key that stays is still the same: what it signed is not checked again', async () => {
    const token = id.token(first);
    await outcome(token);
    id.keys = [second.jwk, first.jwk];
    id.advance(300);
    await verifier.prime();
    expect(verifier.verifyNow(token)).toBeDefined();
  });

  test('what is no public signature key is passed over, and takes no other key along', async () => {
    const short = (await makePair('short', 'RS256')).jwk;
    const secret = { kty: 'oct', kid: 'secret', alg: 'HS256', k: 'AAAA' };
    const others = [null, 1, secret, { ...first.jwk, kid: undefined }, { ...first.jwk, kid: 'broken', x: 'AAAA' }];
    id.keys = [...others, { ...short, n: short.n!.slice(0, 171) }, first.jwk];
    expect(await outcome(id.token(first))).toBe('taken');
    for (const jwk of [
      { ...second.jwk, use: 'enc' },
      { ...second.jwk, key_ops: ['sign'] },
      { ...second.jwk, alg: undefined },
      { ...second.jwk, alg: 'ES384' },
      { ...second.jwk, ...(await exportJWK(second.privateKey)) },
      { ...second.jwk, key_ops: [] },
    ]) {
      id.keys = [jwk];
      expect(await outcome(id.token(second), id.verifier()), JSON.stringify(jwk)).toBe('invalid_token');
    }
  });

  test('an RSA key too short to be safe signs nothing', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' };
    const key = privateKey.toCryptoKey({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['sign']);
    id.keys = [jwk];
    expect(await outcome(id.token({ jwk, privateKey: key }))).toBe('invalid_token');
  });
});

describe('while the issuer is away', () => {
  test('before the first key: it is nobody’s fault, and is not asked again on each request', async () => {
    away();
    expect(await outcome(id.token(first))).toBe('unavailable');
    const asked = id.calls.length;
    for (let n = 0; n < 20; n += 1) expect(await outcome(id.token(first))).toBe('unavailable');
    expect(id.calls.length).toBe(asked);
    const error = await verifier.prime().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'KeysUnavailable', retryAfter: 1, cause: expect.any(TypeError) });
    back();
    id.advance(1);
    expect(await outcome(id.token(first))).toBe('taken');
  });

  test('it is tried again after 1, 2, 4 and then every 5 seconds', async () => {
    away();
    for (const seconds of [0, 1, 2, 4, 5, 5]) {
      id.advance(seconds - 0.001);
      const before = id.calls.length;
      if (seconds > 0) await outcome(id.token(first));
      expect(id.calls.length).toBe(before);
      id.advance(0.001);
      await outcome(id.token(first));
      expect(id.calls.length).toBe(before + 1);
    }
  });

  test('whoever runs the API is told why, each time that it fails, and by the error when nothing is left', async () => {
    const told: unknown[] = [];
    const watched = id.verifier({ onFetchFailed: (cause) => told.push(cause) });
    away();
    const error = (await watched.prime().catch((thrown: unknown) => thrown)) as Error;
    expect(told).toEqual([expect.any(TypeError)]);
    expect(error.message).toMatch(/^The keys of the issuer cannot be had: .+/);
    back();
    id.advance(60);
    expect(await outcome(id.token(first), watched)).toBe('taken');
    expect(told).toHaveLength(1);
  });

  test('the old keys count for a day, and no longer', async () => {
    await verifier.prime();
    away();
    id.advance(86_399);
    expect(await outcome(id.token(first))).toBe('taken');
    id.advance(1);
    expect(await outcome(id.token(first))).toBe('unavailable');
  });

  test('what is remembered is answered without waiting, and the issuer is asked beside it', async () => {
    const token = id.token(first, { exp: id.clock.now / 1000 + 5000 });
    await outcome(token);
    away();
    id.advance(300);
    await outcome(token);
    expect(verifier.verifyNow(token)).toBeDefined();
    let answer: (() => void) | undefined;
    id.answerMetadata = () =>
      new Promise<Response>((resolve) => {
        answer = () => resolve(json({ issuer, jwks_uri: keysUrl }));
      });
    id.answerKeys = undefined;
    id.keys = [];
    id.advance(1);
    expect(verifier.verifyNow(token)).toBeDefined();
    expect(answer).toBeDefined();
    expect(await outcome(id.token(first))).toBe('taken');
    answer!();
    await expect.poll(() => verifier.verifyNow(token)).toBeUndefined();
    expect(await outcome(token)).toBe('invalid_token');
  });

  test('after a pause it is asked first: what was revoked meanwhile is refused', async () => {
    const token = id.token(first, { exp: id.clock.now / 1000 + 5000 });
    await outcome(token);
    away();
    id.advance(300);
    expect(await outcome(token)).toBe('taken');
    back();
    id.keys = [second.jwk];
    id.advance(31);
    expect(await outcome(token)).toBe('invalid_token');
  });

  test('an unknown key may be a new one: the token is not blamed', async () => {
    await verifier.prime();
    away();
    id.advance(30);
    expect(await outcome(id.token(second))).toBe('unavailable');
    expect(await outcome(id.token(second))).toBe('unavailable');
    expect(await outcome(id.token(first))).toBe('taken');
  });
});

describe('an answer that is none', () => {
  const html = () => new Response('<h1>Sign in to the Wi-Fi</h1>', { headers: { 'content-type': 'text/html' } });
  const large = () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 1000) controller.error(new Error('read to its end'));
        else controller.enqueue(new Uint8Array(16_384).fill(0x20));
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  };
  const redirect = () => new Response(null, { status: 302, headers: { location: 'https://evil.example/jwks' } });

  test.each<[what: string, why: RegExp, answer: () => Response]>([
    ['HTML', /type text\/html/, html],
    ['JSON that says it is text', /type text\/plain/, () => new Response('{"keys":[]}')],
    ['a redirect', /status 302/, redirect],
    [
      'an error',
      /status 500/,
      () => new Response('{}', { status: 500, headers: { 'content-type': 'application/json' } }),
    ],
    ['more than 256 kB', /more than 262144 bytes/, large],
    ['broken JSON', /JSON/, () => new Response('{', { headers: { 'content-type': 'application/json' } })],
    ['a list', /no key set/, () => json([])],
    ['no list of keys', /no key set/, () => json({ keys: {} })],
    ['null', /no key set/, () => json(null)],
  ])('%s instead of keys', async (_what, why, answer) => {
    id.answerKeys = answer;
    const error = (await verifier.prime().catch((thrown: unknown) => thrown)) as KeysUnavailable;
    expect(error).toBeInstanceOf(KeysUnavailable);
    expect((error.cause as Error).message).toMatch(why);
    expect(id.calls).toEqual([metadataUrl, keysUrl]);
  });

  test.each<[what: string, body: unknown]>([
    ['of another issuer', { issuer: 'https://evil.example', jwks_uri: keysUrl }],
    ['of the issuer with a slash', { issuer: `${issuer}/`, jwks_uri: keysUrl }],
    ['of nobody', { jwks_uri: keysUrl }],
    ['that names keys by http', { issuer, jwks_uri: 'http://id.example/jwks' }],
    ['that names keys in a file', { issuer, jwks_uri: 'file:///etc/passwd' }],
    ['that names no keys', { issuer }],
    ['that is null', null],
  ])('metadata %s', async (_what, body) => {
    id.answerMetadata = () => json(body);
    await expect(verifier.prime()).rejects.toThrow(KeysUnavailable);
    expect(id.calls).toEqual([metadataUrl]);
  });

  test('none at all: it is given up in time', async () => {
    const hanging = id.verifier({ timeout: 1 });
    id.answerKeys = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason as Error));
      });
    await expect(hanging.prime()).rejects.toThrow(KeysUnavailable);
  });

  test('no redirect is followed by the platform either', async () => {
    let how: RequestInit | undefined;
    id.answerKeys = (init) => {
      how = init;
      return json({ keys: [] });
    };
    await verifier.prime();
    expect(how).toMatchObject({ redirect: 'manual' });
  });
});

test('keys that moved are found again', async () => {
  await verifier.prime();
  id.answerKeys = () => new Response(null, { status: 404 });
  id.advance(300);
  expect(await outcome(id.token(first))).toBe('taken');
  back();
  id.advance(1);
  await verifier.prime();
  expect(id.calls).toEqual([metadataUrl, keysUrl, keysUrl, metadataUrl, keysUrl]);
});

test('an issuer with a path has its metadata below it', async () => {
  const tenant = id.verifier({ issuer: `${issuer}/t/acme`, audience });
  await tenant.prime().catch(() => undefined);
  expect(id.calls[0]).toBe(`${issuer}/t/acme/.well-known/openid-configuration`);
});
