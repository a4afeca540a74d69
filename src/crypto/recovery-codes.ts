// Recovery codes: random, grouped to be written down, kept only as hashes.
import { hash } from 'node:crypto';
import { base32Of } from './totp.ts';

/** 120 bits: too many to guess, so a fast hash is enough (OWASP ASVS 6.5.2). */
export const recoveryCodeBytes = 15;

export type RecoveryCode = { readonly code: string; readonly hash: string };

/** A code of {@link recoveryCodeBytes} random bytes, in six groups of four, and the hash to keep of it. */
export function recoveryCode(random: Uint8Array): RecoveryCode {
  const letters = base32Of(random).toLowerCase();
  return { code: letters.match(/.{4}/g)!.join('-'), hash: hash('sha256', letters, 'base64url') };
}

/** The hash of what somebody typed, or undefined when it cannot be a recovery code. Hyphens, spaces and case do not matter. */
export function hashOfRecoveryCode(typed: string): string | undefined {
  const letters = typed.replaceAll(/[\s-]/g, '').toLowerCase();
  return /^[a-z2-7]{24}$/.test(letters) ? hash('sha256', letters, 'base64url') : undefined;
}
