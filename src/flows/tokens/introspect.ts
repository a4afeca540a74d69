// Token introspection: whether a token stands at this moment, for whoever got it and for the API that it is for.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type Client, isPublic, scopesOf } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import { machineScopes } from '../../domain/machine-scopes.ts';
import { isSameResource } from '../../domain/resource.ts';
import { firstRepeated } from '../../domain/params.ts';
import { findUserOfLivingGrant } from '../../storage/access-tokens.ts';
import { wasRevoked } from '../../storage/revoked-access-tokens.ts';
import { findRefreshToken } from '../../storage/refresh-tokens.ts';
import { statusBitOf } from '../status/token-bit.ts';
import { authenticateClient } from '../clients/authenticate.ts';
import { activeClient } from '../clients/current.ts';
import { type ClientCredentials, credentialParameters } from '../clients/presented.ts';
import { accessTokenClaims } from './access-token-claims.ts';

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
  const { tenant, now } = context;
  const claims = await accessTokenClaims(deps, context, token);
  if (!claims || !mayKnow(client, claims)) return inactive;
  const { client_id: clientId, grant_id: grantId, sub, scope: said, ...rest } = claims;
  const names = { jti: String(claims['jti']), bit: statusBitOf(tenant, claims) ?? undefined };
  const holder = await activeClient(deps, tenant, String(clientId));
  if (!holder) return inactive;
  const stands =
    typeof grantId === 'string'
      ? (await findUserOfLivingGrant(deps.db, tenant.id, { grantId, ...names }, now)) === sub
      : // Of a client for itself (RFC 6749 4.4): it stands with the client and its registration.
        sub === holder.id &&
        holder.metadata.grant_types.includes('client_credentials') &&
        !(await wasRevoked(deps.db, tenant.id, { clientId: holder.id, ...names }));
  const may = typeof grantId === 'string' ? scopesOf(holder.metadata) : machineScopes(tenant, holder);
  const scope = scopeNow(may, String(said).split(' '));
  if (!stands || scope === undefined) return inactive;
  return { active: true, token_type: 'Bearer', client_id: clientId, sub, ...rest, scope };
}

/** Without what was taken from the registration since; undefined when nothing is left of something. */
function scopeNow(may: readonly string[], scopes: readonly string[]): string | undefined {
  const said = scopes.filter((scope) => scope !== '');
  const left = said.filter((scope) => may.includes(scope));
  return left.length === 0 && said.length > 0 ? undefined : left.join(' ');
}

/** Whoever it was issued to, and the APIs that it is for. */
function mayKnow({ id, metadata }: Client, claims: Record<string, unknown>): boolean {
  if (claims['client_id'] === id) return true;
  const audience = [claims['aud']].flat();
  return (metadata.serves ?? []).some((one) => audience.some((other) => isSameResource(one, String(other))));
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
  const scope = scopeNow(scopesOf(client.metadata), grant.scopes);
  if (scope === undefined) return inactive;
  return { active: true, iss: tenant.issuer, ...aboutGrant(grant), scope };
}

function aboutGrant({ userId, clientId, expiresAt, sessionId }: Grant) {
  return {
    client_id: clientId,
    ...(userId !== undefined && { sub: userId }),
    exp: Math.floor(expiresAt / 1000),
    ...(sessionId !== undefined && { sid: sessionId }),
  };
}
