// TOTP: six digits that change every thirty seconds, as authenticator applications compute them. By otplib.
import { generateURI, ScureBase32Plugin, verify } from 'otplib';

/** 160 bits, as long as the hash (RFC 4226 4). */
export const totpSecretBytes = 20;

/** Seconds of one step. */
const period = 30;

const base32 = new ScureBase32Plugin();

/** RFC 4648 6, as people type it into an authenticator. */
export function base32Of(secret: Uint8Array): string {
  return base32.encode(secret).replace(/=+$/, '');
}

/**
 * RFC 6238 5.2: the step whose code this is, one step before or after the moment's included; undefined when it is none's, or
 * none's later than `after`. `now` in milliseconds.
 */
export async function totpStepOf(
  secret: Uint8Array,
  code: string,
  now: number,
  after: number,
): Promise<number | undefined> {
  // A step ahead of the clock, which may have been set back: nothing later than it can be right yet.
  if (!/^[0-9]{6}$/.test(code) || after > Math.floor(now / 1000 / period)) return undefined;
  const result = await verify({
    secret,
    token: code,
    epoch: Math.floor(now / 1000),
    period,
    epochTolerance: period,
    ...(after > 0 && { afterTimeStep: after }),
  });
  return result.valid && 'timeStep' in result ? result.timeStep : undefined;
}

/** The address that authenticator applications read, from a QR code or a link. */
export function totpUri(secret: Uint8Array, { issuer, account }: { issuer: string; account: string }): string {
  return generateURI({
    issuer: shortened(issuer, 40),
    label: shortened(account, 60),
    secret: base32Of(secret),
    algorithm: 'sha1',
    digits: 6,
    period,
  });
}

/** A QR code has room for so much, and a telephone's screen for less. */
function shortened(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}
