// The client_credentials grant: a program that acts for itself, within what its client is registered for.
import type { Deps } from '../../deps.ts';
import { audienceOf, scopesFor } from '../../domain/audience.ts';
import { type Client, isPublic } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { machineScopes } from '../../domain/machine-scopes.ts';
import type { Params } from '../../domain/params.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { tenantResources } from '../clients/current.ts';
import { resourcesFor } from '../clients/grantable.ts';
import { scopesAsked } from './asked.ts';
import { mintTokens } from './mint.ts';

/**
 * RFC 6749 4.4: an access token for one of the tenant's APIs, and nothing that outlives it: no refresh token, no ID token, and no row.
 * None asked, the scopes are all that are registered for the client and mean something there.
 * @throws OAuthError invalid_scope, invalid_target.
 */
export async function clientCredentialsGrant(
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
): Promise<TokenResponse> {
  const { tenant } = context;
  // Registered for it no public client can be; what is stored may have come by another way.
  if (isPublic(client.metadata))
    throw new OAuthError('unauthorized_client', 'This grant is for clients that prove who they are.');
  const asked = scopesAsked(params);
  if (asked?.length === 0) throw new OAuthError('invalid_scope', 'scope is empty.');
  const scopes = machineScopes(tenant, client);
  const strange = asked?.find((scope) => !scopes.includes(scope));
  if (strange !== undefined)
    throw new OAuthError('invalid_scope', `The scope ${strange} is not one that this client may have for itself.`);
  const wanted = asked ?? scopes;
  const resources = await resourcesFor(deps, tenant, { named: params.all('resource'), scopes: wanted });
  if ('problem' in resources) throw new OAuthError('invalid_target', resources.problem);
  const known = await tenantResources(deps, tenant);
  const audience = audienceOf(tenant, resources, known);
  const meant = scopesFor(tenant, audience, wanted, known);
  if (asked !== undefined && meant.length < asked.length)
    throw new OAuthError('invalid_scope', 'A scope that was asked for means nothing to the resource.');
  // Whoever may do nothing there is not to be let in by the name alone.
  const stranger = audience.some((one) => scopesFor(tenant, [one], wanted, known).length === 0);
  const isBare = wanted.length === 0 && audience.every((one) => one === tenant.issuer);
  if (stranger && !isBare)
    throw new OAuthError('invalid_target', 'This client has no scope of a resource that the token would be for.');
  return (await mintTokens(deps, context, { subject: { kind: 'client' }, client, scopes: meant, resources })).response;
}
