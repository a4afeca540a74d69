// Client assertions (RFC 7523) for tests: made with jose, as clients make them.
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { TestSignet } from './signet.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export type ClientKey = {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** Public. */
  readonly jwk: JWK & { kty: 'RSA' | 'EC' | 'OKP' };
  readonly spki: string;
};

export async function makeClientKey(alg: string, kid = `key of ${alg}`): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid } as ClientKey['jwk'];
  return { alg, kid, privateKey, publicKey, jwk, spki: await exportSPKI(publicKey) };
}

export type AssertionParts = {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
};

let count = 0;

/** An assertion of `clientId` for this issuer, good for a minute. A claim that is undefined is left out. */
export function assertionOf(
  { issuer, clock }: Pick<TestSignet, 'issuer' | 'clock'>,
  clientId: string,
  key: ClientKey | { readonly secret: string },
  { header = {}, claims = {} }: AssertionParts = {},
): Promise<string> {
  const iat = Math.floor(clock.now / 1000);
  count += 1;
  const all = { iss: clientId, sub: clientId, aud: issuer, jti: `assertion ${count}`, iat, exp: iat + 60, ...claims };
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const isSecret = 'secret' in key;
  const own = isSecret ? { alg: 'HS256' } : { alg: key.alg, kid: key.kid };
  return new SignJWT(said)
    .setProtectedHeader({ ...own, ...header })
    .sign(isSecret ? new TextEncoder().encode(key.secret) : key.privateKey);
}

/** The answer to a form at an OAuth endpoint. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}
