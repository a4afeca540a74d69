// Token revocation: a client gives back its refresh token, and the whole family ends.
import { hashOfOpaque } from '../crypto/opaque-tokens.ts';
import type { Deps } from '../deps.ts';
import { actingAs, type RequestContext } from '../domain/context.ts';
import { OAuthError } from '../domain/errors.ts';
import { firstRepeated } from '../domain/params.ts';
import { revokeGrant } from '../storage/grants.ts';
import { findRefreshToken } from '../storage/refresh-tokens.ts';
import { authenticateClient, type ClientCredentials } from './clients/authenticate.ts';
import { eventOf } from './events.ts';

/** RFC 7009 2.1 and 2.2: unknown tokens are answered like revoked ones; another client's is refused. */
export async function revokeToken(deps: Deps, context: RequestContext, credentials: ClientCredentials): Promise<void> {
  const { params } = credentials;
  const repeated = firstRepeated(params, ['token', 'token_type_hint', 'client_id', 'client_secret']);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `${repeated} was sent more than once.`);
  const client = await authenticateClient(deps, context, credentials);
  const token = params.get('token');
  if (token === undefined) throw new OAuthError('invalid_request', 'token is missing.');
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
    throw new OAuthError(
      'unsupported_token_type',
      'Access tokens end by themselves within minutes; revoke the refresh token.',
    );
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
