// UserInfo: what an access token for this issuer lets its bearer know of the user.
import type { Deps } from '../deps.ts';
import { askedByName, claimsNamed, claimsOfScopes } from '../domain/claims.ts';
import { scopesOf } from '../domain/client.ts';
import type { RequestContext } from '../domain/context.ts';
import { activeClient } from './clients/current.ts';
import { verifyAccessToken } from './tokens/verify-access-token.ts';

/** OpenID Connect Core 1.0 5.3: what the token's scopes ask for, and what was asked for by name. @throws OAuthError invalid_token or insufficient_scope (RFC 6750 3.1). */
export async function userinfo(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
): Promise<Record<string, unknown>> {
  const { tenant } = context;
  const needed = { audience: tenant.issuer, scope: 'openid' };
  const { user, scopes, grant } = await verifyAccessToken(deps, context, accessToken, needed);
  const own = tenant.settings.claim_scopes;
  const names = claimsOfScopes(scopes, own);
  if (grant.claims) {
    const { userinfo: asked } = grant.claims;
    const client = await activeClient(deps, tenant, grant.clientId);
    // By the registration of now.
    if (client) names.push(...askedByName({ userinfo: asked, idToken: [] }, scopesOf(client.metadata), own).userinfo);
  }
  return { sub: user.id, ...claimsNamed(user, names) };
}
