// Who asks the admin API, and what they hold at this moment.
import { narrowedTo, type Rights, rightsOfRoles } from '../../domain/admin-rights.ts';
import { adminApiOf } from '../../domain/admin-api.ts';
import { stillRegistered } from '../../domain/client.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { InsufficientAuthentication, OAuthError } from '../../domain/errors.ts';
import { acrValues, reaches } from '../../domain/factors.ts';
import { findClientUnlessRevoked } from '../../storage/clients.ts';
import { activeClient } from '../clients/current.ts';
import { statusBitOf } from '../status/token-bit.ts';
import { accessTokenClaims } from '../tokens/access-token-claims.ts';
import { verifyAccessToken } from '../tokens/verify-access-token.ts';

/** Whoever asks, with the context in which their request is carried out: what they hold stands in it as `rights`. */
export type Administrator = {
  readonly context: RequestContext & { readonly rights: Rights };
  /** Scopes of the token: what it could allow, whatever the roles say. */
  readonly scopes: readonly string[];
};

const [, twoFactors] = acrValues;

/**
 * RFC 6750, RFC 9068 4: whoever has this access token for the admin API. They hold what its scopes and their roles allow both,
 * the roles as they are stored now. One round trip.
 * @throws OAuthError invalid_token; insufficient_user_authentication for a person who signed in without a second factor.
 */
export async function administratorOf(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
): Promise<Administrator> {
  const audience = adminApiOf(context.tenant.issuer);
  const claims = await accessTokenClaims(deps, context, accessToken, audience);
  if (!claims) {
    const isOfOthers = await accessTokenClaims(deps, context, accessToken);
    throw isOfOthers
      ? new OAuthError(
          'invalid_token',
          `The access token is for another audience: ask for one with resource=${audience}.`,
        )
      : invalid('expired, or not ours');
  }
  return claims['grant_id'] === undefined
    ? program(deps, context, claims)
    : person(deps, context, accessToken, audience);
}

async function person(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  audience: string,
): Promise<Administrator> {
  const { user, grant, clientId, ...token } = await verifyAccessToken(deps, context, accessToken, { audience });
  const client = await activeClient(deps, context.tenant, clientId);
  if (!client) throw invalid('its client no longer stands');
  if (!reaches(grant.authentication.acr, twoFactors))
    throw new InsufficientAuthentication(
      `Administrators sign in with two factors: send them to the authorization endpoint with acr_values=${twoFactors}.`,
      { acr: twoFactors },
    );
  const scopes = stillRegistered(client.metadata, token.scopes);
  const rights = narrowedTo(rightsOfRoles(context.tenant, user.adminRoles), scopes);
  return {
    context: { ...actingAs(context, 'user', user.id), rights, signedInAt: token.authenticatedAt, through: clientId },
    scopes,
  };
}

/** RFC 6749 4.4: a client that acts for itself. */
async function program(
  deps: Deps,
  context: RequestContext,
  claims: Readonly<Record<string, unknown>>,
): Promise<Administrator> {
  const { client_id: clientId, sub, jti, scope, iat } = claims;
  const isWhole = typeof jti === 'string' && typeof scope === 'string' && typeof iat === 'number';
  if (typeof clientId !== 'string' || sub !== clientId || !isWhole)
    throw invalid('neither of a person nor of a program');
  const client = await findClientUnlessRevoked(deps.db, context.tenant.id, {
    clientId,
    jti,
    bit: statusBitOf(context.tenant, claims) ?? undefined,
    issuedAt: iat * 1000,
  });
  if (!client || client.disabled || !client.metadata.grant_types.includes('client_credentials'))
    throw invalid('it was revoked, or its client no longer stands');
  const scopes = scope.split(' ');
  const rights = narrowedTo(rightsOfRoles(context.tenant, client.adminRoles), scopes);
  return { context: { ...actingAs(context, 'client', clientId), rights }, scopes };
}

function invalid(why: string): OAuthError {
  return new OAuthError('invalid_token', 'The access token is invalid, expired or revoked.', why);
}
