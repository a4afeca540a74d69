// New tokens for a refresh token of a first-party client: the rotation of the token endpoint.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import { paramsFrom } from '../../domain/params.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { refreshTokenGrant } from '../grants/refresh-token.ts';
import { firstPartyClient, type NamedClient } from './client.ts';

export type Refresh = NamedClient & { readonly refresh_token: string; readonly scope?: string | undefined };

/** `token` is the access token, once more. @throws OAuthError as the token endpoint. */
export function refresh(
  deps: Deps,
  context: RequestContext,
  asked: Refresh,
): Promise<TokenResponse & { readonly token: string }> {
  return reporting(rotated(deps, context, asked), (outcome) => deps.metrics.token('refresh_token', outcome));
}

async function rotated(deps: Deps, context: RequestContext, asked: Refresh) {
  const client = await firstPartyClient(deps, context, asked);
  if (!client.metadata.grant_types.includes('refresh_token'))
    throw new OAuthError('unauthorized_client', 'This client may not use the grant refresh_token.');
  const params = paramsFrom([
    ['refresh_token', asked.refresh_token],
    ...(asked.scope === undefined ? [] : [['scope', asked.scope] as const]),
  ]);
  const response = await refreshTokenGrant(deps, actingAs(context, 'client', client.id), client, params);
  return { ...response, token: response.access_token };
}
