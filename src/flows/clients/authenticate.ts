// Client authentication, the same for every endpoint that asks for it.
import type { Deps } from '../../deps.ts';
import { type Client, type ClientAuthMethod } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { admitSecret } from './secret-limiter.ts';
import { activeClient } from './current.ts';

/** How clients prove who they are: `authorization` is the header as it came. */
export type ClientCredentials = { readonly authorization: string | undefined; readonly params: Params };

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
  const { method, clientId, secret } = presented(credentials);
  const client = await activeClient(deps, context.tenant, clientId);
  if (!client) throw new OAuthError('invalid_client', 'The client is unknown or disabled.');
  if (!client.authMethods.includes(method)) {
    throw new OAuthError('invalid_client', `This client must authenticate with ${client.authMethods.join(' or ')}.`);
  }
  if (method === 'none') return client;
  const isRight =
    client.secretMac !== undefined &&
    secret !== undefined &&
    deps.box.matches('client secret', aboutSecret(context.tenant.id, client.id, secret), client.secretMac);
  await admitSecret(deps, context, client, isRight);
  if (!isRight) throw new OAuthError('invalid_client', 'The client secret is wrong.');
  return client;
}

/** What the MAC of a client secret is over: bound to its client, so that a copied row opens nothing else. */
export function aboutSecret(tenantId: string, clientId: string, secret: string): string {
  return `${tenantId} ${clientId} ${secret}`;
}

type Presented = { readonly method: ClientAuthMethod; readonly clientId: string; readonly secret: string | undefined };

function presented({ authorization, params }: ClientCredentials): Presented {
  const clientId = params.get('client_id');
  const secret = params.get('client_secret');
  if (authorization !== undefined) {
    const basic = basicCredentials(authorization);
    if (!basic) throw new OAuthError('invalid_client', 'The Authorization header is not valid HTTP Basic.');
    if (secret !== undefined) throw new OAuthError('invalid_request', 'Use one way to authenticate, not two.');
    if (clientId !== undefined && clientId !== basic.clientId)
      throw new OAuthError('invalid_request', 'client_id differs from the Authorization header.');
    return { method: 'client_secret_basic', ...basic };
  }
  if (clientId === undefined) throw new OAuthError('invalid_client', 'No client authentication was sent.');
  return { method: secret === undefined ? 'none' : 'client_secret_post', clientId, secret };
}

/** RFC 6749 2.3.1: both parts of HTTP Basic are form-encoded first. */
function basicCredentials(header: string): { clientId: string; secret: string } | undefined {
  const match = /^basic +([A-Za-z0-9+/_-]+=*)$/i.exec(header);
  const decoded = match && Buffer.from(match[1]!, 'base64').toString('utf8');
  const colon = decoded?.indexOf(':') ?? -1;
  if (!decoded || colon < 1) return undefined;
  try {
    const [clientId, secret] = [decoded.slice(0, colon), decoded.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    );
    return { clientId: clientId!, secret: secret! };
  } catch {
    return undefined;
  }
}
