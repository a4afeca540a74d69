// The one place where the server checks its own access tokens.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import type { User } from '../../domain/user.ts';
import { findLivingGrant } from '../../storage/access-tokens.ts';
import { statusBitOf } from '../status/token-bit.ts';
import { accessTokenClaims } from './access-token-claims.ts';

/** What a good token says, and the user it is about as they are now. */
export type VerifiedAccessToken = {
  readonly user: User;
  /** As it is now: a second factor that was proven since the token was issued counts. */
  readonly grant: Grant;
  readonly scopes: readonly string[];
  /** `aud`. */
  readonly audience: readonly string[];
  readonly clientId: string;
  readonly grantId: string;
  readonly sessionId: string | undefined;
  /** `auth_time`, in milliseconds. */
  readonly authenticatedAt: number;
};

/**
 * RFC 9068 4, RFC 6750 3.1: signed here, not expired, for `audience`, with `scope` where one is needed; and its grant, session, client and user
 * all stand at this moment. One round trip.
 * @throws OAuthError invalid_token or insufficient_scope.
 */
export async function verifyAccessToken(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  { audience, scope }: { audience: string; scope?: string },
): Promise<VerifiedAccessToken> {
  const { tenant, now } = context;
  const claims = await accessTokenClaims(deps, context, accessToken, audience);
  if (!claims) throw invalid('expired, not ours or for another audience');
  const { grant_id: grantId, jti, sub, scope: granted, client_id: clientId, auth_time: authTime } = claims;
  if (
    typeof grantId !== 'string' ||
    typeof jti !== 'string' ||
    typeof sub !== 'string' ||
    typeof granted !== 'string' ||
    typeof clientId !== 'string' ||
    typeof authTime !== 'number'
  )
    throw invalid('without a grant');
  const bit = statusBitOf(tenant, claims) ?? undefined;
  const living = await findLivingGrant(deps.db, tenant.id, { grantId, clientId, jti, bit }, now);
  if (living?.user.id !== sub) throw invalid('it was revoked, or its grant, session, client or user no longer stands');
  const scopes = granted.split(' ');
  if (scope !== undefined && !scopes.includes(scope))
    throw new OAuthError('insufficient_scope', `This needs the scope ${scope}.`);
  const sessionId = typeof claims['sid'] === 'string' ? claims['sid'] : undefined;
  const audiences = [claims['aud']].flat().filter((one): one is string => typeof one === 'string');
  return { ...living, scopes, audience: audiences, clientId, grantId, sessionId, authenticatedAt: authTime * 1000 };
}

function invalid(why: string): OAuthError {
  return new OAuthError('invalid_token', 'The access token is invalid, expired or revoked.', why);
}
