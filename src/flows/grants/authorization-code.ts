// The authorization_code grant: a code is spent once, by its own client, for what was asked when it was made.
import { verifierMatches } from '../../crypto/hash.ts';
import { hashOfOpaque, opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { isCodeVerifier } from '../../domain/pkce.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { findCode, type FoundCode, spendCode } from '../../storage/authorization-codes.ts';
import { revokeGrant } from '../../storage/grants.ts';
import { eventOf } from '../events.ts';
import { resourcesAsked } from './asked.ts';
import { mintTokens } from './mint.ts';

const refused = 'The authorization code is invalid, expired, already used or was issued to somebody else.';

/** RFC 6749 4.1.3, RFC 7636 4.6. Two round trips: read, then spend and issue in one statement. */
export async function authorizationCodeGrant(
  deps: Deps,
  context: RequestContext,
  client: Client,
  params: Params,
): Promise<TokenResponse> {
  const { tenant, now } = context;
  const presented = params.get('code');
  if (presented === undefined) throw new OAuthError('invalid_request', 'code is missing.');
  const hash = hashOfOpaque('authorizationCode', presented);
  const code = hash && (await findCode(deps.db, tenant.id, hash, now));
  if (!hash || !code || code.grant.clientId !== client.id) throw new OAuthError('invalid_grant', refused);
  // RFC 6749 4.1.2: a code seen twice leaves nothing alive of what it bought.
  if (code.spent) return endReused(deps, context, code);
  const problem = mismatch(code, params, now);
  if (problem !== undefined) throw new OAuthError('invalid_grant', problem);
  const resources = await resourcesAsked(deps, tenant, params, code.grant.resources);

  const refresh = client.metadata.grant_types.includes('refresh_token')
    ? opaqueToken('refreshToken', deps.random(opaqueBytes))
    : undefined;
  const { response, place } = await mintTokens(deps, context, {
    subject: { kind: 'grant', grant: code.grant, user: code.user },
    client,
    scopes: code.grant.scopes,
    resources,
    nonce: code.nonce,
    refreshToken: refresh?.token,
  });
  const won = await spendCode(deps.db, tenant.id, hash, { refreshHash: refresh?.hash, place }, eventOf(deps, context));
  return won ? response : endReused(deps, context, code);
}

function mismatch(code: FoundCode, params: Params, now: number): string | undefined {
  if (now >= code.expiresAt || code.grant.revoked || code.userDisabled || !code.sessionAlive) return refused;
  const redirectUri = params.get('redirect_uri');
  // OAuth 2.1 leaves it out where PKCE protects the code; without PKCE it must be sent (RFC 6749 4.1.3).
  if (redirectUri === undefined ? code.codeChallenge === undefined : redirectUri !== code.redirectUri) {
    return 'redirect_uri differs from the one in the authorization request.';
  }
  const verifier = params.get('code_verifier');
  if (code.codeChallenge === undefined) {
    // RFC 9700 2.1.1: a verifier for a code without a challenge is a downgrade.
    return verifier === undefined
      ? undefined
      : 'code_verifier was sent, but the authorization request had no code_challenge.';
  }
  if (verifier === undefined) return 'code_verifier is missing.';
  if (!isCodeVerifier(verifier) || !verifierMatches(verifier, code.codeChallenge))
    return 'code_verifier does not match code_challenge.';
  return undefined;
}

async function endReused(deps: Deps, context: RequestContext, code: FoundCode): Promise<never> {
  await revokeGrant(
    deps.db,
    context.tenant.id,
    code.grant.id,
    { reason: 'code_reuse', type: 'code.reuse_detected' },
    eventOf(deps, context),
  );
  throw new OAuthError('invalid_grant', refused);
}
