// What follows when enough was proven without a browser: a session, its grant and the tokens of both.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { authenticationOf, type Proof } from '../../domain/factors.ts';
import { type Grant, noStatusBits } from '../../domain/grant.ts';
import { sessionTokenLifetime } from '../../domain/passwordless.ts';
import type { User } from '../../domain/user.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import {
  beginFirstPartySession,
  beginFirstPartySessionAfter,
  type SecondProof,
} from '../../storage/first-party-sign-ins.ts';
import type { Db } from '../../storage/database.ts';
import { eventOf, newId } from '../events.ts';
import { mintTokens } from '../grants/mint.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import { wrongCredentials } from '../sign-in/check-password.ts';
import { withKnownBrowser } from '../sign-in/known-browsers.ts';
import type { ReservedAttempt } from '../sign-in/limiter.ts';
import { withSpent } from '../sign-in/with-spent.ts';
import { partialTokenInvalid } from './partial-token.ts';

/** `token` is the access token, once more. A program has no `device`: strangers cannot keep it out. */
export type LoggedIn = TokenResponse & { readonly token: string; readonly device?: string };

export type Proven = {
  readonly user: User & { readonly passwordVersion: number };
  readonly client: Client;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** Enough of them (domain/factors.ts). */
  readonly proofs: readonly Proof[];
  /** The attempt that was counted before the last of them was checked; a link that was mailed is not guessed. */
  readonly reserved: ReservedAttempt | undefined;
  readonly device: string | undefined;
  /** The second factor, when it was asked for: spent with what follows. */
  readonly second?: SecondProof;
  /** Done in the transaction of what follows, before it: what a first factor is worth once is spent there. */
  readonly spend?: (tx: Db) => Promise<void>;
  /** One access token for a day, which ends with its session, in the place of all others. */
  readonly only?: 'session token';
};

/**
 * One statement begins all of it, but for what `spend` does before.
 * @throws Refusal wrong_credentials when the user was disabled, or changed the password, since it was checked; wrong_code
 * when the code was spent meanwhile; OAuthError invalid_token when the half-done sign-in was finished meanwhile.
 */
export async function beginTokenSession(
  deps: Deps,
  context: RequestContext,
  { user, client, scopes, resources, proofs, reserved, device, second, spend, only }: Proven,
): Promise<LoggedIn> {
  const { tenant, now } = context;
  const authentication = authenticationOf(proofs);
  // Seconds.
  const lifetime =
    only === 'session token' ? Math.min(sessionTokenLifetime, tenant.settings.session_lifetime) : undefined;
  const refresh =
    lifetime === undefined && client.metadata.grant_types.includes('refresh_token')
      ? opaqueToken('refreshToken', deps.random(opaqueBytes))
      : undefined;
  const sessionId = newId(deps, now);
  const grant: Grant = {
    id: newId(deps, now),
    clientId: client.id,
    userId: user.id,
    sessionId,
    scopes,
    resources,
    claims: undefined,
    offline: lifetime === undefined && scopes.includes('offline_access'),
    authentication,
    expiresAt: now + (lifetime ?? client.metadata.refresh_token_lifetime) * 1000,
    revoked: false,
    ...noStatusBits,
  };
  const { response, place } = await mintTokens(deps, context, {
    subject: { kind: 'grant', grant, user },
    client,
    scopes,
    resources,
    refreshToken: refresh?.token,
    lifetime,
  });
  const signIn = {
    userId: user.id,
    passwordVersion: user.passwordVersion,
    sessionId,
    secretHash: opaqueToken('session', deps.random(opaqueBytes)).hash,
    authentication,
    idleExpiresAt: now + tenant.settings.session_idle_lifetime * 1000,
    sessionExpiresAt: now + tenant.settings.session_lifetime * 1000,
    userAgent: context.userAgent?.slice(0, 300),
    grantId: grant.id,
    clientId: client.id,
    scopes,
    resources,
    offline: grant.offline,
    grantExpiresAt: grant.expiresAt,
    refreshHash: refresh?.hash,
    accountKey: reserved?.accountKey,
    addressKey: reserved?.addressKey,
    secondEventId: newId(deps, now),
    place,
  };
  const event = eventOf(deps, actingAs(context, 'user', user.id));
  if (second) {
    const how = await beginFirstPartySessionAfter(deps.db, tenant.id, second, signIn, event);
    if (how === 'spent before') throw wrongCode();
    if (how === 'ended') throw partialTokenInvalid();
  } else {
    await withSpent(deps.db, spend, async (db) => {
      if (!(await beginFirstPartySession(db, tenant.id, signIn, event))) throw wrongCredentials();
    });
  }
  return {
    ...response,
    token: response.access_token,
    device: withKnownBrowser(deps, tenant.id, device, { userId: user.id, acr: authentication.acr }),
  };
}
