// Signing out without a browser: the session that a token belongs to ends, and the token's family with it.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { revokeGrant } from '../../storage/grants.ts';
import { findRefreshToken } from '../../storage/refresh-tokens.ts';
import { endSession } from '../../storage/sessions.ts';
import { eventOf } from '../events.ts';
import { firstPartyBearer } from './bearer.ts';
import { firstPartyClient, type NamedClient } from './client.ts';

type Ending = { readonly grantId: string; readonly sessionId: string | undefined; readonly userId: string };

/** An access token for the issuer of a first-party client; whoever else got one cannot sign anybody out. @throws OAuthError invalid_token. */
export async function logoutByAccessToken(deps: Deps, context: RequestContext, accessToken: string): Promise<void> {
  const { user, grantId, sessionId } = await firstPartyBearer(deps, context, accessToken);
  await end(deps, context, { grantId, sessionId, userId: user.id });
}

/** A refresh token that is not known is answered like one whose family has ended. @throws OAuthError for the client, or when the token is another client's. */
export async function logoutByRefreshToken(
  deps: Deps,
  context: RequestContext,
  named: NamedClient & { readonly refresh_token: string },
): Promise<void> {
  const client = await firstPartyClient(deps, context, named);
  const hash = hashOfOpaque('refreshToken', named.refresh_token);
  const found = hash && (await findRefreshToken(deps.db, context.tenant.id, hash, context.now));
  if (!found) return;
  const { id: grantId, clientId, sessionId, userId } = found.grant;
  if (clientId !== client.id || userId === undefined)
    throw new OAuthError('invalid_grant', 'The token was issued to another client.');
  await end(deps, context, { grantId, sessionId, userId });
}

async function end(deps: Deps, context: RequestContext, { grantId, sessionId, userId }: Ending): Promise<void> {
  const acting = actingAs(context, 'user', userId);
  // Also a family that would outlive the session.
  const why = { reason: 'signed_out', type: 'grant.revoked' } as const;
  await revokeGrant(deps.db, context.tenant.id, grantId, why, eventOf(deps, acting));
  if (sessionId !== undefined)
    await endSession(deps.db, context.tenant.id, { id: sessionId, userId }, 'signed_out', eventOf(deps, acting));
}
