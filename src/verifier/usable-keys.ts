// Which keys of a key set can check signatures here, imported once.
import { type CryptoKey, importJWK, type JWK } from 'jose';
import type { VerificationKey } from './signed-token.ts';

/** By `kid`. */
export type UsableKeys = ReadonlyMap<string, UsableKey>;
/** `source`: the JWK it was imported from. */
export type UsableKey = VerificationKey & { readonly source: string };

/** NIST SP 800-131A: RSA keys that are shorter count for nothing. */
const fewestRsaBits = 2048;

/**
 * RFC 7517 5: the public signature keys under `algorithms` with a `kid`; the others are passed over. A key that stands in
 * `former` unchanged is the same object. @throws Error for what is no key set
 */
export async function usableKeys(
  document: unknown,
  algorithms: readonly string[],
  former: UsableKeys,
): Promise<UsableKeys> {
  const listed = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(listed)) throw new Error('The issuer answered with no key set.');
  const keys = new Map<string, UsableKey>();
  for (const jwk of listed as readonly (JWK | null)[]) {
    if (!jwk || !isUsable(jwk, algorithms)) continue;
    const source = JSON.stringify(jwk);
    const known = former.get(jwk.kid);
    const key = known?.source === source ? known : await imported(jwk, source);
    if (key) keys.set(jwk.kid, key);
  }
  return keys;
}

function isUsable(jwk: JWK, algorithms: readonly string[]): jwk is JWK & { kid: string; alg: string } {
  const { kid, alg, kty, use, key_ops: operations } = jwk;
  return (
    typeof kid === 'string' &&
    typeof alg === 'string' &&
    algorithms.includes(alg) &&
    // RFC 7518 6.4: a secret. What else is secret has a `d`.
    kty !== 'oct' &&
    jwk.d === undefined &&
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
  );
}

async function imported(jwk: JWK & { alg: string }, source: string): Promise<UsableKey | undefined> {
  try {
    const key = (await importJWK(jwk, jwk.alg)) as CryptoKey;
    const { modulusLength } = key.algorithm as { modulusLength?: number };
    if (modulusLength !== undefined && modulusLength < fewestRsaBits) return undefined;
    return { alg: jwk.alg, key, source };
  } catch {
    // One key that this process cannot read does not take the others along.
    return undefined;
  }
}
