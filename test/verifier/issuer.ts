// An issuer without a network: its keys, its clock, what it answers, and what it was asked.
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import { sign as signBytes, KeyObject } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { createVerifier, type Verifier, type VerifierOptions } from '../../src/verifier/verifier.ts';

export const issuer = 'https://id.example';
export const audience = 'https://orders.example';
export const metadataUrl = `${issuer}/.well-known/openid-configuration`;
export const keysUrl = `${issuer}/jwks`;
export const listUrl = `${issuer}/status/1`;

export type Pair = { readonly jwk: JWK & { kid: string }; readonly privateKey: CryptoKey };

/** A key pair with its public JWK. */
export async function makePair(kid: string, alg = 'ES256'): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey };
}

export const encoded = (value: unknown) =>
  (Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))).toString(
    'base64url',
  );

/** ES256 or RS256 over whatever header and payload; text and bytes are taken as they are. */
export function signed(header: unknown, payload: unknown, { privateKey }: Pair): string {
  const key = KeyObject.from(privateKey);
  const input = `${encoded(header)}.${encoded(payload)}`;
  return `${input}.${signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export type FakeIssuer = {
  readonly clock: { now: number };
  advance(seconds: number): void;
  /** Every address that was fetched. */
  readonly calls: string[];
  keys: readonly unknown[];
  /** Instead of the key set. */
  answerKeys: ((init: RequestInit) => Response | Promise<Response>) | undefined;
  /** Instead of the metadata. */
  answerMetadata: (() => Response | Promise<Response>) | undefined;
  cacheControl: string | undefined;
  /** Places in every status list. */
  readonly revoked: Set<number>;
  /** Instead of the status list at this address. */
  answerList: ((init: RequestInit, url: string) => Response | Promise<Response>) | undefined;
  readonly fetch: typeof globalThis.fetch;
  verifier(options?: Partial<VerifierOptions>): Verifier;
  /** Good claims at this moment. */
  claims(change?: Record<string, unknown>): Record<string, unknown>;
  token(pair: Pair, change?: Record<string, unknown>, header?: Record<string, unknown>): string;
  /** A good status list at this moment; by the first pair unless given. */
  list(change?: Record<string, unknown>, header?: Record<string, unknown>, pair?: Pair): string;
};

/** The claim of a token with this place in a status list. */
export const listed = (idx: unknown, uri: unknown = listUrl) => ({ status: { status_list: { idx, uri } } });

/** RFC 1950 in base64url: these bytes, as `lst` says them. */
export const packed = (bytes: Uint8Array) => deflateSync(bytes).toString('base64url');

/** `lst` of a list of so many bits. */
export function listOf(revoked: Iterable<number>, length = 1024): string {
  const bytes = new Uint8Array(length / 8);
  for (const index of revoked) bytes[Math.floor(index / 8)]! |= 1 << (index % 8);
  return packed(bytes);
}

export const listAnswer = (token: string, headers: Record<string, string> = {}) =>
  new Response(token, { headers: { 'content-type': 'application/statuslist+jwt', ...headers } });

export const json = (value: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json', ...headers } });

/** An issuer whose clock stands still until it is advanced. */
export function fakeIssuer(...pairs: readonly Pair[]): FakeIssuer {
  const clock = { now: 1_800_000_000_000 };
  const calls: string[] = [];
  let made = 0;
  const self: FakeIssuer = {
    clock,
    calls,
    keys: pairs.map(({ jwk }) => jwk),
    answerKeys: undefined,
    answerMetadata: undefined,
    cacheControl: undefined,
    revoked: new Set(),
    answerList: undefined,
    advance(seconds) {
      clock.now += seconds * 1000;
    },
    fetch: async (input, init = {}) => {
      const url = String(input instanceof Request ? input.url : input);
      calls.push(url);
      if (url === metadataUrl) return self.answerMetadata?.() ?? json({ issuer, jwks_uri: keysUrl });
      if (url.startsWith(`${issuer}/status/`))
        return self.answerList?.(init, url) ?? listAnswer(self.list({ sub: url }));
      const { cacheControl } = self;
      return (
        self.answerKeys?.(init) ??
        json({ keys: self.keys }, cacheControl === undefined ? {} : { 'cache-control': cacheControl })
      );
    },
    verifier: (options = {}) =>
      createVerifier({ issuer, audience, fetch: self.fetch, now: () => clock.now, ...options }),
    claims(change = {}) {
      const iat = Math.floor(clock.now / 1000);
      made += 1;
      return {
        iss: issuer,
        sub: 'alice',
        aud: audience,
        iat,
        exp: iat + 900,
        jti: `jti-${made}`,
        client_id: 'web',
        scope: 'orders:read stock:read',
        ...change,
      };
    },
    token: (pair, change, header = {}) =>
      signed({ alg: pair.jwk.alg, typ: 'at+jwt', kid: pair.jwk.kid, ...header }, self.claims(change), pair),
    list(change = {}, header = {}, pair = pairs[0]!) {
      const iat = Math.floor(clock.now / 1000);
      const good = { iss: issuer, sub: listUrl, iat, exp: iat + 3600, ttl: 30 };
      const claims = { ...good, status_list: { bits: 1, lst: listOf(self.revoked) }, ...change };
      return signed({ alg: pair.jwk.alg, typ: 'statuslist+jwt', kid: pair.jwk.kid, ...header }, claims, pair);
    },
  };
  return self;
}

/** How often a status list was fetched. */
export function listFetches({ calls }: FakeIssuer, url = listUrl): number {
  return calls.filter((called) => called === url).length;
}

/** How often the key set was fetched. */
export function keyFetches({ calls }: FakeIssuer): number {
  return calls.filter((url) => url === keysUrl).length;
}
