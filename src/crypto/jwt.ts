// Signing keys and JWTs, all by jose: make, seal-able export, import once, sign, verify.
import {
  calculateJwkThumbprint,
  CompactSign,
  compactVerify,
  type CryptoKey,
  decodeProtectedHeader,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { SigningAlg } from '../domain/client.ts';

export type PublicJwk = JWK & { readonly kid: string; readonly alg: SigningAlg };

export type MadeKey = {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: JWK;
};

/** NIST SP 800-57 part 1, 5.6.1: 128 bits of security, as much as the other algorithms have. */
const rsaBits = 3072;

/** A new key pair, made beside the event loop; its `kid` is the RFC 7638 thumbprint, and never looks like an option to a command. */
export async function makeSigningKey(alg: SigningAlg): Promise<MadeKey> {
  for (;;) {
    const made = await makeKeyPair(alg);
    if (!made.kid.startsWith('-')) return made;
  }
}

async function makeKeyPair(alg: SigningAlg): Promise<MadeKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: rsaBits });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { kid, alg, publicJwk: { ...jwk, kid, alg, use: 'sig' }, privateJwk: await exportJWK(privateKey) };
}

export type SigningKey = { readonly kid: string; readonly alg: SigningAlg; readonly key: CryptoKey };

/** Imports a private key for signing. Importing costs more than a signature: keep the result. */
export async function importSigningKey(kid: string, alg: SigningAlg, privateJwk: JWK): Promise<SigningKey> {
  return { kid, alg, key: (await importJWK(privateJwk, alg)) as CryptoKey };
}

export type VerificationKey = { readonly alg: SigningAlg; readonly key: CryptoKey };

export async function importVerificationKey(alg: SigningAlg, publicJwk: JWK): Promise<VerificationKey> {
  return { alg, key: (await importJWK(publicJwk, alg)) as CryptoKey };
}

const encoder = new TextEncoder();

/** RFC 7515 compact JWS of `claims`, with `typ` and `kid` in its header. */
export async function signJwt(
  key: SigningKey,
  typ: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  return new CompactSign(encoder.encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: key.alg, typ, kid: key.kid })
    .sign(key.key);
}

const longestToken = 16_384;

/**
 * RFC 8725 3.1 and 3.11: the claims of a JWT of ours with one of the `types` and a signature by one of `keys` under that
 * key's own algorithm, or undefined. Says nothing about `exp`, `iss` or `aud`.
 */
export async function verifyJwt(
  token: string,
  types: readonly string[],
  keys: ReadonlyMap<string, VerificationKey>,
): Promise<Record<string, unknown> | undefined> {
  if (token.length > longestToken) return undefined;
  try {
    const header = decodeProtectedHeader(token);
    const key = header.kid === undefined ? undefined : keys.get(header.kid);
    if (!key || header.typ === undefined || !types.includes(header.typ)) return undefined;
    const { payload } = await compactVerify(token, key.key, { algorithms: [key.alg] });
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims)
      ? (claims as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return undefined;
    throw error;
  }
}
