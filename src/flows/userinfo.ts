// UserInfo: what an access token for this issuer lets its bearer know of the user.
import type { Deps } from '../deps.ts';
import { claimsForScopes } from '../domain/claims.ts';
import type { RequestContext } from '../domain/context.ts';
import { verifyAccessToken } from './tokens/verify-access-token.ts';

/** OpenID Connect Core 1.0 5.3. @throws OAuthError invalid_token or insufficient_scope (RFC 6750 3.1). */
export async function userinfo(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
): Promise<Record<string, unknown>> {
  const needed = { audience: context.tenant.issuer, scope: 'openid' };
  const { user, scopes } = await verifyAccessToken(deps, context, accessToken, needed);
  return claimsForScopes(user, scopes);
}
