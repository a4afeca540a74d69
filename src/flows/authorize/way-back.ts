// Where somebody goes on whose sign-in is over: at the application that they came from.
import type { Deps } from '../../deps.ts';
import { type AuthorizationRequest, parametersOf } from '../../domain/authorization-request.ts';
import { clientName } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { endpoints } from '../../domain/endpoints.ts';
import { activeClient } from '../clients/current.ts';

export type WayBack = { readonly name: string; readonly uri: string };

/** The page of the client, else its request once more; undefined when it is no longer registered. */
export async function wayBack(
  deps: Deps,
  context: RequestContext,
  request: AuthorizationRequest,
): Promise<WayBack | undefined> {
  const client = await activeClient(deps, context.tenant, request.clientId);
  if (!client) return undefined;
  const again = `${context.tenant.issuer}${endpoints.authorize}?${new URLSearchParams(parametersOf(request)).toString()}`;
  return { name: clientName(client), uri: client.metadata.client_uri ?? again };
}
