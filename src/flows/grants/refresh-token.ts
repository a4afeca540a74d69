// The refresh_token grant: rotation with one child, the lost reply repeated within a grace, reuse ends the family.
import { fingerprint } from '../../crypto/hash.ts';
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError, Unavailable } from '../../domain/errors.ts';
import { networkOf } from '../../domain/limits.ts';
import type { Params } from '../../domain/params.ts';
import { decideRefresh, type Origin } from '../../domain/refresh.ts';
import { resourceKey } from '../../domain/resource.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { revokeGrant } from '../../storage/grants.ts';
import { rotateRefreshToken, useRefreshToken } from '../../storage/refresh-rotation.ts';
import { findRefreshToken, type FoundRefreshToken } from '../../storage/refresh-tokens.ts';
import { keepStatusBit } from '../../storage/status-bits.ts';
import { eventOf, record } from '../events.ts';
import { resourcesAsked, scopesAsked } from './asked.ts';
import { mintTokens } from './mint.ts';
import { childOf, currentRotationKey, rotationKeyNamed } from './rotation-key.ts';

/** One look at a presented token. */
type Look = {
  readonly client: Client;
  readonly params: Params;
  readonly token: string;
  readonly hash: Buffer;
  readonly found: FoundRefreshToken;
};

/** RFC 6749 6, RFC 9700 4.14. Two round trips: read, then rotate in one statement; a third for whoever loses a race. */
export async function refreshTokenGrant(
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
): Promise<TokenResponse> {
  const token = params.get('refresh_token');
  if (token === undefined) throw new OAuthError('invalid_request', 'refresh_token is missing.');
  const hash = hashOfOpaque('refreshToken', token);
  if (!hash) throw refusal();
  // Whoever loses the race to rotate looks once more, and derives the winner's child from the winner's row.
  for (let look = 1; look <= 2; look += 1) {
    const found = await findRefreshToken(deps.db, context.tenant.id, hash, context.now);
    if (!found) throw refusal();
    const response = await answer(deps, context, { client, params, token, hash, found });
    if (response) return response;
  }
  throw refusal();
}

async function answer(deps: Deps, context: RequestContext, look: Look): Promise<TokenResponse | undefined> {
  const { client, params, found } = look;
  const scopes = scopesAsked(params);
  const resources = params.all('resource');
  const asked = fingerprint([
    client.id,
    client.metadata.token_endpoint_auth_method,
    ...[...(scopes ?? [])].sort(),
    '',
    ...resources.map(resourceKey).sort(),
  ]);
  const decision = decideRefresh(found.presented, {
    clientId: client.id,
    fingerprint: asked,
    graceMs: client.metadata.refresh_token_grace * 1000,
    now: context.now,
    readAt: deps.clock(),
  });
  switch (decision.kind) {
    case 'refuse':
      throw refusal(decision.why);
    case 'reuse':
      // Returned and committed before it is refused: the family's end must outlive the refusal.
      await revokeGrant(
        deps.db,
        context.tenant.id,
        found.grant.id,
        { reason: 'refresh_reuse', type: 'token.reuse_detected' },
        eventOf(deps, context),
      );
      throw refusal(decision.why);
    case 'repeat':
      return repeat(deps, context, look, decision);
    case 'use':
      return use(deps, context, look, { fingerprint: asked, scopes });
  }
}

async function use(
  deps: Deps,
  context: RequestContext,
  look: Look,
  asked: { fingerprint: Buffer; scopes: string[] | undefined },
): Promise<TokenResponse | undefined> {
  const { client, params, token, hash, found } = look;
  const { scopes } = asked;
  const { tenant, now } = context;
  const { grant } = found;
  if (scopes && !scopes.every((scope) => grant.scopes.includes(scope))) {
    throw new OAuthError('invalid_scope', 'A refresh cannot ask for more than was granted.');
  }
  const resources = await resourcesAsked(deps, tenant, params, grant.resources);
  const idleExpiresAt = now + tenant.settings.session_idle_lifetime * 1000;
  const subject = { kind: 'grant', grant, user: found.user } as const;
  const mint = { subject, client, scopes: scopes ?? grant.scopes, resources };
  if (!client.metadata.refresh_token_rotation) {
    const { response, place } = await mintTokens(deps, context, { ...mint, refreshToken: token });
    const used = await useRefreshToken(
      deps.db,
      tenant.id,
      { hash, grantId: grant.id },
      { idleExpiresAt, place },
      eventOf(deps, context),
    );
    return used ? response : undefined;
  }
  const rotationKey = await currentRotationKey(deps, now);
  const { child, jti } = childOf(rotationKey, parentOf(tenant.id, look));
  const { response, place } = await mintTokens(deps, context, { ...mint, refreshToken: child.token, jti });
  const won = await rotateRefreshToken(
    deps.db,
    tenant.id,
    {
      hash,
      grantId: grant.id,
      childHash: child.hash,
      fingerprint: asked.fingerprint,
      rotationKey: rotationKey.id,
      userAgent: originOf(context).userAgent,
    },
    { idleExpiresAt, place },
    eventOf(deps, context),
  );
  return won ? response : undefined;
}

/**
 * The reply that was lost, once more: the same child, and an access token with the first one's `jti` and end, minted anew.
 * @throws Unavailable when the child cannot be derived again: the client asks again, and its family lives.
 */
async function repeat(
  deps: Deps,
  context: RequestContext,
  look: Look,
  { rotatedAt, rotationKey }: { rotatedAt: number; rotationKey: string },
): Promise<TokenResponse> {
  const { client, params, found } = look;
  const { tenant, now } = context;
  const { grant } = found;
  const { rotatedFrom, generation } = found.presented;
  const key = await rotationKeyNamed(deps, rotationKey);
  const { child, jti } = childOf(key, parentOf(tenant.id, look));
  if (!found.childHash?.equals(child.hash)) throw new Unavailable('the child of a refresh token is another one');
  const asOf = { ...context, now: rotatedAt };
  const { response, place } = await mintTokens(deps, asOf, {
    subject: { kind: 'grant', grant, user: found.user },
    client,
    scopes: scopesAsked(params) ?? grant.scopes,
    resources: await resourcesAsked(deps, tenant, params, grant.resources),
    refreshToken: child.token,
    jti,
    isRepeat: true,
  });
  // The bit of the first reply was given up, because its token was revoked or the client changed.
  if (place.isNew && !(await keepStatusBit(deps.db, tenant.id, grant.id, place, now))) throw refusal();
  const from = originOf(context);
  const isElsewhere = networkAt(rotatedFrom) !== networkAt(from) || rotatedFrom.userAgent !== from.userAgent;
  deps.metrics.refreshRepeated(isElsewhere ? 'elsewhere' : 'same');
  if (isElsewhere)
    await record(deps, deps.db, context, {
      type: 'token.refresh_repeated',
      clientId: client.id,
      grantId: grant.id,
      ...(grant.userId !== undefined && { userId: grant.userId }),
      ...(grant.sessionId !== undefined && { sessionId: grant.sessionId }),
      data: { generation, rotated_from: forAudit(rotatedFrom), repeated_from: forAudit(from) },
    });
  // Another process may have rotated by a clock that is ahead: no token lives longer for that.
  const elapsed = Math.max(0, Math.floor(now / 1000) - Math.floor(rotatedAt / 1000));
  return { ...response, expires_in: Math.max(0, response.expires_in - elapsed) };
}

function parentOf(tenantId: string, { token, found }: Look) {
  return { tenantId, grantId: found.grant.id, generation: found.presented.generation, token };
}

/** Characters of a user agent that are kept: enough to tell one from another. */
const longestUserAgent = 200;

function originOf({ ip, userAgent }: RequestContext): Origin {
  return { ip, userAgent: userAgent?.slice(0, longestUserAgent) };
}

function networkAt({ ip }: Origin): string | undefined {
  return ip === undefined ? undefined : networkOf(ip);
}

function forAudit({ ip, userAgent }: Origin) {
  return { ip: ip ?? null, user_agent: userAgent ?? null };
}

function refusal(why?: string): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The refresh token is invalid, expired, revoked or was issued to somebody else.',
    why,
  );
}
