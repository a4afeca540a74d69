// Signing in with a password.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Authentication } from '../../domain/authentication.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import type { Session } from '../../domain/session.ts';
import { longestPasswordBytes, type User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { beginSession, endSession, type NewSession, renewSession } from '../../storage/sessions.ts';
import { markAuthenticated } from '../../storage/sign-in-attempts.ts';
import { findUserForSignIn } from '../../storage/users.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { eventOf, newId, record } from '../events.ts';
import { livingSession } from './session.ts';
import { attemptOf, attemptFinished } from './attempt.ts';
import { knownBrowserOf, withKnownBrowser } from './known-browsers.ts';
import { attemptNotMade, attemptSucceeded, type ReservedAttempt, reservePasswordAttempt } from './limiter.ts';

export type PasswordSignIn = {
  readonly attemptId: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly cookies: BrowserCookies;
};

/** The cookies to set, and whether the attempt has a client that waits. */
export type SignedIn = {
  readonly sessionCookie: string;
  readonly knownCookie: string;
  readonly attemptId: string;
  readonly hasRequest: boolean;
};

/**
 * Proves a password and makes the browser's session, or renews it with a new cookie when it was the same person's.
 * @throws Refusal wrong_credentials, the same for an unknown name, a wrong password and a disabled user; too_many_attempts;
 * attempt_unknown. @throws Unavailable when too many hashes wait.
 */
export function signInWithPassword(deps: Deps, context: RequestContext, input: PasswordSignIn): Promise<SignedIn> {
  return reporting(provePassword(deps, context, input), (outcome) => deps.metrics.signIn('password', outcome));
}

async function provePassword(deps: Deps, context: RequestContext, input: PasswordSignIn): Promise<SignedIn> {
  const attempt = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  if (input.username.length > 300 || Buffer.byteLength(input.password) > longestPasswordBytes) throw wrongCredentials();
  const user = await findUserForSignIn(deps.db, context.tenant.id, input.username);
  const knownBrowser = user && knownBrowserOf(deps, context.tenant.id, input.cookies.known, user.id);
  const reserved = await reservePasswordAttempt(deps, context, {
    identifier: input.username,
    userId: user?.id,
    knownBrowser,
  });
  const isRight = await deps.hasher.verify(input.password, user?.passwordHash).catch(async (error: unknown) => {
    await attemptNotMade(deps.db, context.tenant.id, reserved, context.now);
    throw error;
  });
  if (!isRight || !user || user.disabled || user.passwordHash === undefined)
    throw await failed(deps, context, user, reserved);

  const rehashed = deps.hasher.needsRehash(user.passwordHash) ? await deps.hasher.hash(input.password) : undefined;
  const previous = await livingSession(deps, context, input.cookies.session);
  const sessionCookie = await deps.db.transaction(async (tx) => {
    const begun = await beginOrRenew(deps, tx, context, user, previous);
    if (!begun) throw wrongCredentials();
    if (!(await markAuthenticated(tx, context.tenant.id, attempt.id, begun.sessionId, context.now)))
      throw attemptFinished();
    await attemptSucceeded(tx, context.tenant.id, reserved);
    if (rehashed !== undefined) await replacePasswordHash(tx, context.tenant.id, user.id, user.passwordHash!, rehashed);
    await record(deps, tx, context, {
      type: 'user.signed_in',
      userId: user.id,
      sessionId: begun.sessionId,
      data: { amr: ['pwd'] },
    });
    return begun.cookie;
  });
  return {
    sessionCookie,
    knownCookie: withKnownBrowser(deps, context.tenant.id, input.cookies.known, user.id),
    attemptId: attempt.id,
    hasRequest: attempt.request !== undefined,
  };
}

async function beginOrRenew(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  user: User & { passwordVersion: number },
  previous: Session | undefined,
): Promise<{ sessionId: string; cookie: string } | undefined> {
  const { tenant, now } = context;
  const secret = opaqueToken('session', deps.random(opaqueBytes));
  const authentication: Authentication = {
    at: now,
    amr: ['pwd'],
    acr: 'urn:signet:acr:1fa',
    mfaMethod: undefined,
    mfaVerifiedAt: undefined,
  };
  const session: NewSession = {
    id: newId(deps, now),
    secretHash: secret.hash,
    userId: user.id,
    authentication,
    idleExpiresAt: now + tenant.settings.session_idle_lifetime * 1000,
    expiresAt: now + tenant.settings.session_lifetime * 1000,
    ip: context.ip,
    userAgent: context.userAgent?.slice(0, 300),
  };
  if (previous?.userId === user.id) {
    const renewed = { ...session, id: previous.id };
    if (await renewSession(tx, tenant.id, renewed, user.passwordVersion))
      return { sessionId: previous.id, cookie: secret.token };
  } else if (previous) {
    await endSession(tx, tenant.id, previous, 'other_user', eventOf(deps, context));
  }
  return (await beginSession(tx, tenant.id, session, user.passwordVersion))
    ? { sessionId: session.id, cookie: secret.token }
    : undefined;
}

// Beyond a few, failures are recorded only at each doubling: an attack must not fill the log.
async function failed(
  deps: Deps,
  context: RequestContext,
  user: User | undefined,
  { attempts }: ReservedAttempt,
): Promise<Refusal> {
  if (attempts <= 5 || Number.isInteger(Math.log2(attempts))) {
    await record(deps, deps.db, context, {
      type: 'user.sign_in_failed',
      ...(user ? { userId: user.id } : {}),
      data: { attempts },
    });
  }
  return wrongCredentials();
}

function wrongCredentials(): Refusal {
  return new Refusal('wrong_credentials', 'The username or the password is wrong.');
}
