// The token endpoint's numbered phases, which every grant shares; a grant file fills in only what is its own.
import type { Deps } from '../../deps.ts';
import { type Client, type GrantType, grantTypes, tokenExchangeGrant as tokenExchange } from '../../domain/client.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import { firstRepeated, type Params } from '../../domain/params.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { authenticateClient } from '../clients/authenticate.ts';
import { type ClientCredentials, credentialParameters } from '../clients/presented.ts';
import { authorizationCodeGrant } from './authorization-code.ts';
import { clientCredentialsGrant } from './client-credentials.ts';
import { refreshTokenGrant } from './refresh-token.ts';
import { tokenExchangeGrant } from './token-exchange.ts';

/** What a grant file provides. The client is authenticated and may use the grant. */
export type GrantHandler = (
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
) => Promise<TokenResponse>;

const handlers: Readonly<Record<GrantType, GrantHandler>> = {
  authorization_code: authorizationCodeGrant,
  refresh_token: refreshTokenGrant,
  client_credentials: clientCredentialsGrant,
  [tokenExchange]: tokenExchangeGrant,
};

/** RFC 6749 3.2: a token request to its token response. @throws OAuthError (5.2). */
export function exchange(deps: Deps, context: RequestContext, credentials: ClientCredentials): Promise<TokenResponse> {
  const grantType = credentials.params.get('grant_type');
  const label = grantType !== undefined && isGrantType(grantType) ? grantType : 'other';
  return reporting(inPhases(deps, context, credentials), (outcome) => deps.metrics.token(label, outcome));
}

async function inPhases(deps: Deps, context: RequestContext, credentials: ClientCredentials): Promise<TokenResponse> {
  const { params } = credentials;
  // 1. The request is well formed.
  const repeated = firstRepeated(params, tokenParameters, ['resource', 'audience']);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `${repeated} was sent more than once.`);
  const grantType = params.get('grant_type');
  if (grantType === undefined) throw new OAuthError('invalid_request', 'grant_type is missing.');
  // 2. The client is who it says, before anything is looked at or changed.
  const client = await authenticateClient(deps, context, credentials);
  // 3. The grant exists and this client may use it.
  if (!isGrantType(grantType))
    throw new OAuthError('unsupported_grant_type', `grant_type must be one of ${grantTypes.join(', ')}.`);
  if (!client.metadata.grant_types.includes(grantType)) {
    throw new OAuthError('unauthorized_client', `This client may not use the grant ${grantType}.`);
  }
  // 4. The grant itself.
  return handlers[grantType](deps, actingAs(context, 'client', client.id), client, params);
}

/** RFC 6749 4.1.3 and 6, RFC 7636 4.5, RFC 8707 2.2, RFC 8693 2.1. */
const tokenParameters = [
  'grant_type',
  'code',
  'redirect_uri',
  'code_verifier',
  'refresh_token',
  'scope',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
  'requested_token_type',
  ...credentialParameters,
] as const;

function isGrantType(value: string): value is GrantType {
  return (grantTypes as readonly string[]).includes(value);
}
