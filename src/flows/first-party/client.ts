// Which client calls the first-party API: the one it names, or the built-in one.
import type { Deps } from '../../deps.ts';
import { type Client, firstPartyClientId } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { paramsFrom } from '../../domain/params.ts';
import { authenticateClient } from '../clients/authenticate.ts';
import { credentialParameters } from '../clients/presented.ts';

/** How a client names itself and authenticates: in the body, by the names of the token endpoint, or with HTTP Basic in `authorization`. */
export type NamedClient = {
  readonly authorization: string | undefined;
} & { readonly [Name in (typeof credentialParameters)[number]]?: string | undefined };

/** Whether the request says itself which client it is of. */
export function namesItsClient({ authorization, client_id: id, client_assertion: assertion }: NamedClient): boolean {
  return id !== undefined || assertion !== undefined || isBasic(authorization);
}

/**
 * RFC 6749 2.3: a confidential client authenticates as at the token endpoint.
 * @throws OAuthError invalid_client; unauthorized_client for one that is not the tenant's own.
 */
export async function firstPartyClient(deps: Deps, context: RequestContext, named: NamedClient): Promise<Client> {
  const { authorization, client_secret: secret } = named;
  const byHeader = isBasic(authorization);
  if (secret !== undefined && named.client_id === undefined && !byHeader)
    throw new OAuthError('invalid_client', 'client_id is missing beside client_secret.');
  const id = namesItsClient(named) ? named.client_id : firstPartyClientId;
  const given = credentialParameters.map((name) => [name, name === 'client_id' ? id : named[name]] as const);
  const client = await authenticateClient(deps, context, {
    authorization: byHeader ? authorization : undefined,
    params: paramsFrom(given.filter((entry): entry is [(typeof entry)[0], string] => entry[1] !== undefined)),
  });
  if (!client.metadata.first_party)
    throw new OAuthError('unauthorized_client', 'Only first-party clients may sign people in here.');
  return client;
}

function isBasic(authorization: string | undefined): boolean {
  return authorization !== undefined && /^basic /i.test(authorization);
}
