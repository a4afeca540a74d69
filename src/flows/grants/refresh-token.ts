// The refresh_token grant: rotation with one child, the lost reply repeated within a grace, reuse ends the family.
import { fingerprint } from '../../crypto/hash.ts';
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import { openForHolder, sealForHolder } from '../../crypto/secret-box.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { decideRefresh } from '../../domain/refresh.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { revokeGrant } from '../../storage/grants.ts';
import {
  findRefreshToken,
  type FoundRefreshToken,
  rotateRefreshToken,
  useRefreshToken,
} from '../../storage/refresh-tokens.ts';
import { eventOf } from '../events.ts';
import { resourcesAsked, scopesAsked } from './asked.ts';
import { mintTokens } from './mint.ts';

type Presented = { readonly token: string; readonly hash: Buffer };

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
  // Whoever loses the race to rotate looks once more, and then finds the winner's reply.
  for (let look = 1; look <= 2; look += 1) {
    const found = await findRefreshToken(deps.db, context.tenant.id, hash, context.now);
    if (!found) throw refusal();
    const response = await answer(deps, context, client, params, { token, hash }, found);
    if (response) return response;
  }
  throw refusal();
}

async function answer(
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
  presented: Presented,
  found: FoundRefreshToken,
): Promise<TokenResponse | undefined> {
  const scopes = scopesAsked(params);
  const resources = params.all('resource');
  const asked = fingerprint([
    client.id,
    client.metadata.token_endpoint_auth_method,
    ...[...(scopes ?? [])].sort(),
    '',
    ...[...resources].sort(),
  ]);
  const decision = decideRefresh(found.presented, {
    clientId: client.id,
    fingerprint: asked,
    graceMs: client.metadata.refresh_token_grace * 1000,
    now: context.now,
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
      return repeatReply(presented.token, decision.sealedReply, context.now);
    case 'use':
      return use(deps, context, client, params, presented, found, asked, scopes);
  }
}

async function use(
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
  presented: Presented,
  { grant }: FoundRefreshToken,
  asked: Buffer,
  scopes: string[] | undefined,
): Promise<TokenResponse | undefined> {
  const { tenant, now } = context;
  if (scopes && !scopes.every((scope) => grant.scopes.includes(scope))) {
    throw new OAuthError('invalid_scope', 'A refresh cannot ask for more than was granted.');
  }
  const resources = resourcesAsked(tenant, params, grant.resources);
  const session = { idleExpiresAt: now + tenant.settings.session_idle_lifetime * 1000 };
  const mint = { client, grant, scopes: scopes ?? grant.scopes, resources };
  if (!client.metadata.refresh_token_rotation) {
    const response = await mintTokens(deps, context, { ...mint, refreshToken: presented.token });
    const used = await useRefreshToken(
      deps.db,
      tenant.id,
      { hash: presented.hash, grantId: grant.id },
      session,
      eventOf(deps, context),
    );
    return used ? response : undefined;
  }
  const child = opaqueToken('refreshToken', deps.random(opaqueBytes));
  const response = await mintTokens(deps, context, { ...mint, refreshToken: child.token });
  const sealedReply = sealReply(presented.token, response, now);
  const won = await rotateRefreshToken(
    deps.db,
    tenant.id,
    { hash: presented.hash, grantId: grant.id, childHash: child.hash, fingerprint: asked, sealedReply },
    session,
    eventOf(deps, context),
  );
  return won ? response : undefined;
}

function sealReply(token: string, response: TokenResponse, now: number): Buffer {
  return sealForHolder(token, JSON.stringify({ response, at: now }));
}

function repeatReply(token: string, sealed: Buffer, now: number): TokenResponse {
  const { response, at } = JSON.parse(openForHolder(token, sealed)) as { response: TokenResponse; at: number };
  // Another process may have answered first by a clock that is ahead: no token lives longer for that.
  const elapsed = Math.max(0, Math.floor((now - at) / 1000));
  return { ...response, expires_in: Math.max(0, response.expires_in - elapsed) };
}

function refusal(why?: string): OAuthError {
  return new OAuthError(
    'invalid_grant',
    'The refresh token is invalid, expired, revoked or was issued to somebody else.',
    why,
  );
}
