// Revalidates a stored request against the client's current registration.
import type { Deps } from '../../deps.ts';
import type { AuthorizationRequest } from '../../domain/authorization-request.ts';
import { askedByName } from '../../domain/claims.ts';
import { type Client, isPublic, scopesOf, stillRegistered } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { matchRedirectUri } from '../../domain/redirect-uri.ts';
import { activeClient } from '../clients/current.ts';

/**
 * The client, and the request with the scopes that the client may still have.
 * @throws OAuthError for the person when the client, its redirect URI or a request without PKCE no longer stands.
 */
export async function revalidateRequest(
  deps: Deps,
  context: RequestContext,
  request: AuthorizationRequest,
): Promise<{ client: Client; request: AuthorizationRequest }> {
  const client = await activeClient(deps, context.tenant, request.clientId);
  if (!client) throw new OAuthError('invalid_client', 'The application is not known here.');
  const { metadata } = client;
  if (matchRedirectUri(metadata.redirect_uris, request.target.redirectUri, isPublic(metadata)) === undefined)
    throw new OAuthError(
      'invalid_request',
      'redirect_uri is no longer one that this application has registered.',
      undefined,
      { clientId: client.id, sent: request.target.redirectUri },
    );
  if (metadata.require_pkce && request.codeChallenge === undefined)
    throw new OAuthError('invalid_request', 'This application must use PKCE by now. Start again from it.');
  const scopes = stillRegistered(metadata, request.scopes);
  const { claims } = request;
  const named = claims && { userinfo: claims.userinfo, idToken: claims.id_token };
  const own = context.tenant.settings.claim_scopes;
  return {
    client,
    request: { ...request, scopes, ...(named && { claims: askedByName(named, scopesOf(metadata), own) }) },
  };
}
