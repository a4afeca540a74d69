// What administrators revoke: a token that they hold in their hands, a grant, everything of a user, every grant of a client.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { RevocationEntry } from '../../schemas/grant.ts';
import { findClient } from '../../storage/clients.ts';
import { findListedGrant } from '../../storage/grant-search.ts';
import { findRefreshToken } from '../../storage/refresh-tokens.ts';
import { revokeAccessToken, type TokenNames } from '../../storage/revoked-access-tokens.ts';
import { record } from '../events.ts';
import { assertReachesRights, rightsBehind } from '../reach.ts';
import { statusBitOf } from '../status/token-bit.ts';
import { accessTokenClaims } from '../tokens/access-token-claims.ts';
import { endGrant, lockGrant } from './end.ts';
import { endEverything, endGrantsOfClient } from './end-many.ts';

/** How many have ended that lived until then. */
export type Revoked = { readonly grants: number; readonly sessions: number; readonly tokens: number };

const nothing: Revoked = { grants: 0, sessions: 0, tokens: 0 };

/** `asked` names one thing. @throws Refusal not_found for a grant, user or client that is not known; forbidden. */
export async function revoke(deps: Deps, context: RequestContext, asked: RevocationEntry): Promise<Revoked> {
  const { token, grant_id: grantId, user_id: userId, client_id: clientId } = asked;
  if (token !== undefined) return revokeToken(deps, context, token);
  if (grantId !== undefined) return { ...nothing, grants: Number(await endGrant(deps, context, grantId)) };
  if (userId !== undefined) return { ...nothing, ...(await endEverything(deps, context, userId)) };
  return { ...nothing, grants: await endGrantsOfClient(deps, context, clientId!) };
}

/** Tokens that are unknown, foreign or dead are answered alike. */
async function revokeToken(deps: Deps, context: RequestContext, token: string): Promise<Revoked> {
  const hash = hashOfOpaque('refreshToken', token);
  if (hash) {
    const found = await findRefreshToken(deps.db, context.tenant.id, hash, context.now);
    const isAlive = found !== undefined && !found.grant.revoked;
    return isAlive ? { ...nothing, grants: Number(await endGrant(deps, context, found.grant.id)) } : nothing;
  }
  const claims = await accessTokenClaims(deps, context, token);
  if (!claims) return nothing;
  const { jti, exp, grant_id: grantId, client_id: clientId } = claims;
  if (typeof jti !== 'string' || typeof exp !== 'number' || typeof clientId !== 'string') return nothing;
  const bit = statusBitOf(context.tenant, claims) ?? undefined;
  const accessToken = { jti, bit, expiresAt: exp * 1000 };
  const isEnded =
    typeof grantId === 'string'
      ? await endOfGrant(deps, context, grantId, accessToken)
      : await endOfProgram(deps, context, clientId, accessToken);
  return { ...nothing, tokens: Number(isEnded) };
}

/** `expiresAt` in milliseconds. */
type AccessToken = TokenNames & { readonly expiresAt: number };

/** Its family lives on. @returns false when it was dead. @throws Refusal forbidden. */
async function endOfGrant(
  deps: Deps,
  context: RequestContext,
  grantId: string,
  accessToken: AccessToken,
): Promise<boolean> {
  const { tenant, now } = context;
  return deps.db.transaction(async (tx) => {
    if (!(await findListedGrant(tx, tenant.id, grantId, now))?.stands) return false;
    const { stands, clientId, userId, sessionId } = await lockGrant(tx, context, grantId);
    if (!stands || !(await revokeAccessToken(tx, tenant.id, { ...accessToken, grantId }))) return false;
    await record(deps, tx, context, {
      type: 'token.revoked',
      clientId,
      grantId,
      ...(userId !== undefined && { userId }),
      ...(sessionId !== undefined && { sessionId }),
    });
    return true;
  });
}

/** Of a client that acts for itself. @returns false when it was dead. @throws Refusal forbidden. */
async function endOfProgram(
  deps: Deps,
  context: RequestContext,
  clientId: string,
  accessToken: AccessToken,
): Promise<boolean> {
  const { tenant } = context;
  return deps.db.transaction(async (tx) => {
    const client = await findClient(tx, tenant.id, clientId);
    if (!client) return false;
    assertReachesRights(context, rightsBehind(tenant, client), `The client ${clientId}`);
    if (!(await revokeAccessToken(tx, tenant.id, { ...accessToken, grantId: undefined }))) return false;
    await record(deps, tx, context, { type: 'token.revoked', clientId });
    return true;
  });
}
