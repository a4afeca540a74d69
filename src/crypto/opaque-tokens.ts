// Opaque tokens: random, prefixed by kind so that one is never taken for another and scanners can find leaked ones; kept only as hashes.
import { hash } from 'node:crypto';

const prefixes = {
  authorizationCode: 'sgc_',
  refreshToken: 'sgr_',
  session: 'sgs_',
  browser: 'sgb_',
  setup: 'sgu_',
  passwordReset: 'sgp_',
  emailVerification: 'sgm_',
  signInProof: 'sgq_',
  emailChange: 'sge_',
  clientSecret: 'sgx_',
  serviceKey: 'sgk_',
} as const;

export type OpaqueKind = keyof typeof prefixes;

/** Every kind there is. */
export const opaqueKinds = Object.keys(prefixes) as readonly OpaqueKind[];

/** 32 random bytes: 256 bits. */
export const opaqueBytes = 32;

export type OpaqueToken = { readonly token: string; readonly hash: Buffer };

/** A token of `kind` from {@link opaqueBytes} random bytes, and the hash to keep of it. */
export function opaqueToken(kind: OpaqueKind, random: Uint8Array): OpaqueToken {
  const token = prefixes[kind] + Buffer.from(random).toString('base64url');
  return { token, hash: hash('sha256', token, 'buffer') };
}

/** The hash of a presented token, or undefined when it cannot be a token of `kind`. */
export function hashOfOpaque(kind: OpaqueKind, presented: string | undefined): Buffer | undefined {
  if (presented === undefined || presented.length !== prefixes[kind].length + 43) return undefined;
  if (!presented.startsWith(prefixes[kind]) || !/^[A-Za-z0-9_-]+$/.test(presented)) return undefined;
  return hash('sha256', presented, 'buffer');
}
