// Token revocation: a client gives back a token of its own: an access token alone, or a refresh token with its whole family.
import { hashOfOpaque } from '../crypto/opaque-tokens.ts';
import type { Deps } from '../deps.ts';
import type { Client } from '../domain/client.ts';
import { actingAs, type RequestContext } from '../domain/context.ts';
import { OAuthError } from '../domain/errors.ts';
import { firstRepeated } from '../domain/params.ts';
import { revokeGrant } from '../storage/grants.ts';
import { findRefreshToken } from '../storage/refresh-tokens.ts';
import { revokeAccessToken } from '../storage/revoked-access-tokens.ts';
import { authenticateClient } from './clients/authenticate.ts';
import { type ClientCredentials, credentialParameters } from './clients/presented.ts';
import { eventOf, record } from './events.ts';
import { statusBitOf } from './status/token-bit.ts';
import { accessTokenClaims } from './tokens/access-token-claims.ts';

/** RFC 7009 2.1 and 2.2: unknown tokens are answered like revoked ones; another client's is refused. */
export async function revokeToken(deps: Deps, context: RequestContext, credentials: ClientCredentials): Promise<void> {
  const { params } = credentials;
  const repeated = firstRepeated(params, ['token', 'token_type_hint', ...credentialParameters]);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `${repeated} was sent more than once.`);
  const client = await authenticateClient(deps, context, credentials);
  const token = params.get('token');
  if (token === undefined) throw new OAuthError('invalid_request', 'token is missing.');
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return accessToken(deps, context, client, token);
  const hash = hashOfOpaque('refreshToken', token);
  const found = hash && (await findRefreshToken(deps.db, context.tenant.id, hash, context.now));
  if (!found) return;
  if (found.grant.clientId !== client.id)
    throw new OAuthError('invalid_grant', 'The token was issued to another client.');
  await revokeGrant(
    deps.db,
    context.tenant.id,
    found.grant.id,
    { reason: 'revoked_by_client', type: 'grant.revoked' },
    eventOf(deps, actingAs(context, 'client', client.id)),
  );
}

/** From here on nobody is told that it stands, and its bit in the status list is set, which APIs look at within seconds. */
async function accessToken(deps: Deps, context: RequestContext, client: Client, token: string): Promise<void> {
  const claims = await accessTokenClaims(deps, context, token);
  // What has ended needs no end.
  if (!claims) return;
  const { client_id: clientId, jti, exp, sub, sid, grant_id: grantId } = claims;
  if (clientId !== client.id) throw new OAuthError('invalid_grant', 'The token was issued to another client.');
  if (typeof jti !== 'string' || typeof exp !== 'number') return;
  await deps.db.transaction(async (tx) => {
    const isFirst = await revokeAccessToken(tx, context.tenant.id, {
      jti,
      bit: statusBitOf(context.tenant, claims) ?? undefined,
      grantId: typeof grantId === 'string' ? grantId : undefined,
      expiresAt: exp * 1000,
    });
    // A program mints as many as it likes, of which nothing is written either.
    if (!isFirst || typeof grantId !== 'string') return;
    await record(deps, tx, actingAs(context, 'client', client.id), {
      type: 'token.revoked',
      clientId: client.id,
      grantId,
      userId: String(sub),
      ...(typeof sid === 'string' && { sessionId: sid }),
    });
  });
}
