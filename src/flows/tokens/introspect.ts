// Token introspection: whether a token stands at this moment, for whoever got it and for the API that it is for.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type Client, isPublic, scopesOf } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import { firstRepeated } from '../../domain/params.ts';
import { audiencesOf, servesOneOf } from '../../domain/token-exchange.ts';
import { findRefreshToken } from '../../storage/refresh-tokens.ts';
import { authenticateClient } from '../clients/authenticate.ts';
import { type ClientCredentials, credentialParameters } from '../clients/presented.ts';
import { accessTokenClaims } from './access-token-claims.ts';
import { scopesLeft, standing } from './standing.ts';

/** RFC 7662 2.2: the claims of the token, or that it does not stand, and nothing more. */
export type Introspection = { readonly active: false } | ({ readonly active: true } & Record<string, unknown>);

const inactive: Introspection = { active: false };

/**
 * RFC 7662 2: the same answer for tokens that are unknown, have ended, or are neither the client's nor for an API that it serves.
 * One round trip. @throws OAuthError invalid_client, also for a public client, which proves nothing; invalid_request.
 */
export async function introspect(
  deps: Deps,
  context: RequestContext,
  credentials: ClientCredentials,
): Promise<Introspection> {
  const { params } = credentials;
  const repeated = firstRepeated(params, ['token', 'token_type_hint', ...credentialParameters]);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `${repeated} was sent more than once.`);
  const client = await authenticateClient(deps, context, credentials);
  if (isPublic(client.metadata))
    throw new OAuthError('invalid_client', 'Introspection is for clients that prove who they are.');
  const token = params.get('token');
  if (token === undefined) throw new OAuthError('invalid_request', 'token is missing.');
  const hash = hashOfOpaque('refreshToken', token);
  return hash ? refreshToken(deps, context, client, hash) : accessToken(deps, context, client, token);
}

/** RFC 9068: what it says, where it stands. */
async function accessToken(deps: Deps, context: RequestContext, client: Client, token: string): Promise<Introspection> {
  const claims = await accessTokenClaims(deps, context, token);
  if (!claims || !mayKnow(client, claims)) return inactive;
  const stands = await standing(deps, context, claims);
  if (!stands) return inactive;
  const { client_id, grant_id: _grantId, sub, scope: _scope, ...rest } = claims;
  return { active: true, token_type: 'Bearer', client_id, sub, ...rest, scope: stands.scopes.join(' ') };
}

/** Whoever it was issued to, and the APIs that it is for. */
function mayKnow({ id, metadata }: Client, claims: Record<string, unknown>): boolean {
  if (claims['client_id'] === id) return true;
  return servesOneOf(metadata, audiencesOf(claims));
}

/** Of its own client alone: nobody else is to hold one. */
async function refreshToken(
  deps: Deps,
  { tenant, now }: RequestContext,
  client: Client,
  hash: Buffer,
): Promise<Introspection> {
  const found = await findRefreshToken(deps.db, tenant.id, hash, now);
  if (found?.grant.clientId !== client.id) return inactive;
  const { grant, presented } = found;
  const { family, sessionAlive, userDisabled, rotatedAt } = presented;
  const isEnded = family.revoked || now >= family.expiresAt || userDisabled || rotatedAt !== undefined;
  if (isEnded || (!family.offline && !sessionAlive)) return inactive;
  const scopes = scopesLeft(scopesOf(client.metadata), grant.scopes);
  if (!scopes) return inactive;
  return { active: true, iss: tenant.issuer, ...aboutGrant(grant), scope: scopes.join(' ') };
}

function aboutGrant({ userId, clientId, expiresAt, sessionId }: Grant) {
  return {
    client_id: clientId,
    ...(userId !== undefined && { sub: userId }),
    exp: Math.floor(expiresAt / 1000),
    ...(sessionId !== undefined && { sid: sessionId }),
  };
}
