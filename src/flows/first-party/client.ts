// Which client calls the first-party API: the one it names, or the built-in one.
import type { Deps } from '../../deps.ts';
import { type Client, firstPartyClientId } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { paramsFrom } from '../../domain/params.ts';
import { authenticateClient } from '../clients/authenticate.ts';

/** How a client names itself and authenticates: in the body, or with HTTP Basic in `authorization`. */
export type NamedClient = {
  readonly authorization: string | undefined;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
};

/**
 * RFC 6749 2.3: a confidential client authenticates as at the token endpoint.
 * @throws OAuthError invalid_client; unauthorized_client for one that is not the tenant's own.
 */
export async function firstPartyClient(deps: Deps, context: RequestContext, named: NamedClient): Promise<Client> {
  const { authorization, client_secret: secret } = named;
  const isBasic = authorization !== undefined && /^basic /i.test(authorization);
  if (secret !== undefined && named.client_id === undefined && !isBasic)
    throw new OAuthError('invalid_client', 'client_id is missing beside client_secret.');
  const id = named.client_id ?? (isBasic ? undefined : firstPartyClientId);
  const given = Object.entries({ client_id: id, client_secret: secret });
  const client = await authenticateClient(deps, context, {
    authorization: isBasic ? authorization : undefined,
    params: paramsFrom(given.filter((entry): entry is [string, string] => entry[1] !== undefined)),
  });
  if (!client.metadata.first_party)
    throw new OAuthError('unauthorized_client', 'Only first-party clients may sign people in here.');
  return client;
}
