// UserInfo: what an access token for this issuer lets its bearer know of the user.
import { verifyJwt } from '../crypto/jwt.ts';
import type { Deps } from '../deps.ts';
import { claimsForScopes } from '../domain/claims.ts';
import type { RequestContext } from '../domain/context.ts';
import { OAuthError } from '../domain/errors.ts';
import { findUserOfGrant } from '../storage/grants.ts';
import { keyRing } from './keys/ring.ts';

/**
 * OpenID Connect Core 1.0 5.3. One round trip: the grant, its session, its client and its user must all still stand.
 * @throws OAuthError invalid_token or insufficient_scope (RFC 6750 3.1).
 */
export async function userinfo(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
): Promise<Record<string, unknown>> {
  const { tenant, now } = context;
  const claims = await verifyJwt(accessToken, ['at+jwt'], (await keyRing(deps, tenant)).verification);
  if (!claims || claims['iss'] !== tenant.issuer || typeof claims['exp'] !== 'number' || now >= claims['exp'] * 1000)
    throw invalid('expired or not ours');
  const audience = Array.isArray(claims['aud']) ? claims['aud'] : [claims['aud']];
  if (!audience.includes(tenant.issuer)) throw invalid('for another audience');
  if (
    typeof claims['grant_id'] !== 'string' ||
    typeof claims['sub'] !== 'string' ||
    typeof claims['scope'] !== 'string'
  )
    throw invalid('without a grant');
  const scopes = claims['scope'].split(' ');
  if (!scopes.includes('openid')) throw new OAuthError('insufficient_scope', 'UserInfo needs the scope openid.');
  const user = await findUserOfGrant(deps.db, tenant.id, claims['grant_id'], now);
  if (!user || user.id !== claims['sub']) throw invalid('its grant, session, client or user no longer stands');
  return claimsForScopes(user, scopes);
}

function invalid(why: string): OAuthError {
  return new OAuthError('invalid_token', 'The access token is invalid, expired or revoked.', why);
}
