// Partial tokens: what the holder of a proven first factor gets, good for proving the second and for nothing else.
import { fingerprint } from '../../crypto/hash.ts';
import { signOwnJwt, verifyOwnJwt } from '../../crypto/own-jwt.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { halfDoneFor } from '../../domain/factors.ts';
import type { Tenant } from '../../domain/tenant.ts';

/** Seconds. */
export const partialTokenLifetime = halfDoneFor / 1000;

/** RFC 8725 3.11: its own type and audience; and a key that no JWKS has, so that no careless resource server takes it. */
const partialTokenOf = (tenant: Tenant) => ({
  typ: 'signet-mfa+jwt',
  issuer: tenant.issuer,
  audience: `${tenant.issuer}/auth/mfa`,
});

/** The attempt that it is bound to, whose it is, and which client got it. */
export type PartialToken = {
  readonly attemptId: string;
  readonly userId: string;
  readonly clientId: string;
  /** By which its attempt is found. */
  readonly hash: Buffer;
};

/** For an attempt of this moment. */
export async function makePartialToken(
  deps: Deps,
  { tenant, now }: RequestContext,
  { attemptId, userId, clientId }: Omit<PartialToken, 'hash'>,
): Promise<{ token: string; hash: Buffer }> {
  const iat = Math.floor(now / 1000);
  const token = await signOwnJwt(deps.box, partialTokenOf(tenant), {
    sub: userId,
    iat,
    exp: iat + partialTokenLifetime,
    jti: attemptId,
    client_id: clientId,
    mfa_verified: false,
    mfa_method: null,
  });
  return { token, hash: fingerprint([token]) };
}

/** What it says, or undefined when it is none of this tenant's that has not expired. Whether its attempt still stands is another question. */
export async function openPartialToken(
  deps: Deps,
  { tenant, now }: RequestContext,
  token: string,
): Promise<PartialToken | undefined> {
  const claims = await verifyOwnJwt(deps.box, partialTokenOf(tenant), token, now);
  if (!claims) return undefined;
  const { jti, sub, client_id: clientId } = claims;
  if (typeof jti !== 'string' || typeof sub !== 'string' || typeof clientId !== 'string') return undefined;
  return { attemptId: jti, userId: sub, clientId, hash: fingerprint([token]) };
}

/** One text for every reason. */
export function partialTokenInvalid(): OAuthError {
  return new OAuthError('invalid_token', 'The token is invalid, expired or was used. Sign in again.');
}
