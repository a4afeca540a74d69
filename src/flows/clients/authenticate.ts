// Client authentication, the same for every endpoint that asks for it.
import type { Deps } from '../../deps.ts';
import type { Client, ClientAuthMethod } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { activeClient } from './current.ts';
import { type Candidate, type ClientCredentials, type Presented, presented } from './presented.ts';
import { proveByOwnKey, proveBySharedKey } from './prove-by-assertion.ts';
import { proveBySecret } from './prove-by-secret.ts';

/**
 * What stands behind a method: `shown` are the readings of what was sent, all of this client. The client may use the method.
 * @throws OAuthError invalid_client, Refusal too_many_attempts.
 */
export type Proof = (deps: Deps, context: RequestContext, client: Client, shown: readonly string[]) => Promise<void>;

const proofs: Readonly<Record<ClientAuthMethod, Proof>> = {
  client_secret_basic: proveBySecret,
  client_secret_post: proveBySecret,
  private_key_jwt: proveByOwnKey,
  client_secret_jwt: proveBySharedKey,
  none: () => Promise.resolve(),
};

/**
 * RFC 6749 2.3: the client that makes this request, proven by the one method it is registered for.
 * @throws OAuthError invalid_request when two methods are used at once, invalid_client for everything else; Refusal
 * too_many_attempts after many wrong secrets.
 */
export async function authenticateClient(
  deps: Deps,
  context: RequestContext,
  credentials: ClientCredentials,
): Promise<Client> {
  const { hint, ...shown } = presented(credentials);
  try {
    return await provenClient(deps, context, shown);
  } catch (error) {
    if (hint === undefined || !(error instanceof OAuthError)) throw error;
    throw new OAuthError(error.code, `${error.description} ${hint}`, error.cause, error.by);
  }
}

async function provenClient(deps: Deps, context: RequestContext, { method, candidates }: Presented): Promise<Client> {
  const client = await firstActive(deps, context, candidates);
  if (!client) throw new OAuthError('invalid_client', 'The client is unknown or disabled.');
  if (!client.authMethods.includes(method)) {
    throw new OAuthError('invalid_client', `This client must authenticate with ${client.authMethods.join(' or ')}.`);
  }
  const shown = candidates.filter(({ clientId }) => clientId === client.id).map((one) => one.shown);
  await proofs[method](deps, context, client, shown);
  return client;
}

async function firstActive(
  deps: Deps,
  { tenant }: RequestContext,
  candidates: readonly Candidate[],
): Promise<Client | undefined> {
  for (const { clientId } of candidates) {
    const client = await activeClient(deps, tenant, clientId);
    if (client) return client;
  }
  return undefined;
}
