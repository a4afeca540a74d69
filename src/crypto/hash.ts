// Hashes that protocols ask for.
import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { SigningAlg } from '../domain/client.ts';

/** RFC 7636 4.6: true when the S256 transformation of `verifier` is `challenge`; in constant time. */
export function verifierMatches(verifier: string, challenge: string): boolean {
  const computed = hash('sha256', verifier, 'buffer');
  const stored = Buffer.from(challenge, 'base64url');
  return stored.length === computed.length && timingSafeEqual(stored, computed);
}

/**
 * OpenID Connect Core 1.0 3.1.3.6: the left half of the hash of a token, for `at_hash`: by the hash that the `alg` of the ID
 * token uses itself, which is SHA-512 for Ed25519 (RFC 8032 5.1).
 */
export function leftHalfHash(value: string, alg: SigningAlg): string {
  const whole = hash(alg === 'EdDSA' ? 'sha512' : 'sha256', value, 'buffer');
  return whole.subarray(0, whole.length / 2).toString('base64url');
}

/** In constant time; `stored` in base64url. */
export function isSameHash(presented: Buffer, stored: string): boolean {
  const expected = Buffer.from(stored, 'base64url');
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}

/** SHA-256 over the parts, of which no two lists give the same. */
export function fingerprint(parts: readonly string[]): Buffer {
  return hash('sha256', unambiguous(parts), 'buffer');
}

/** HMAC-SHA256 over the parts, of which no two lists give the same: 32 bytes that nobody without the key can tell. */
export function derived(key: Uint8Array, parts: readonly string[]): Buffer {
  return createHmac('sha256', key).update(unambiguous(parts)).digest();
}

/** The parts in one text, each with its length in front. */
function unambiguous(parts: readonly string[]): string {
  return parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
}

/** A short name for bytes that are published, for ETags and file names. */
export function contentTag(bytes: Uint8Array | string): string {
  return hash('sha256', bytes, 'base64url').slice(0, 22);
}

/** SHA-256 over what comes piece by piece; `hex` is that of all pieces so far. */
export function runningHash(): { add(piece: Uint8Array | string): void; hex(): string } {
  const running = createHash('sha256');
  return {
    add: (piece) => void running.update(piece),
    hex: () => running.copy().digest('hex'),
  };
}
