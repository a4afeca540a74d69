// What follows when enough was proven, whichever way: the session, the attempt, the audit log, the known browser.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type AccountChange, waitingFor } from '../../domain/account-change.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { type Acr, authenticationOf, missingFactors, type Proof } from '../../domain/factors.ts';
import { type Session, type SessionCookie, sessionCookie, staysSignedIn } from '../../domain/session.ts';
import type { Db } from '../../storage/database.ts';
import { beginSession, endSession, type NewSession, renewSession } from '../../storage/sessions.ts';
import { markAuthenticated, type SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { tellNewBrowser } from '../deliver/notices.ts';
import { eventOf, newId, record } from '../events.ts';
import { attemptFinished } from './attempt.ts';
import { wrongCredentials } from './check-password.ts';
import { knownBrowserOf, withKnownBrowser } from './known-browsers.ts';
import { attemptSucceeded, type ReservedAttempt } from './limiter.ts';
import { livingSession } from './session.ts';

/** The cookies to set, and whether the attempt has a client that waits, or something to end on the account page. */
export type SignedIn = {
  readonly sessionCookie: SessionCookie;
  readonly knownCookie: string;
  readonly attemptId: string;
  readonly hasRequest: boolean;
  readonly accountChange: AccountChange | undefined;
};

export type Proven = {
  readonly attempt: SignInAttempt;
  /** With `changePasswordBy` nobody is signed in: the password is changed first. */
  readonly user: {
    readonly id: string;
    readonly passwordVersion: number;
    readonly changePasswordBy: number | undefined;
  };
  readonly proofs: readonly Proof[];
  /** What they are enough for (domain/factors.ts). */
  readonly demanded: Acr;
  /** The attempt that was counted before the last of them was checked; a link that was mailed is not guessed. */
  readonly reserved: ReservedAttempt | undefined;
  readonly cookies: BrowserCookies;
  /** What the way of proving wants locked before all else, in the same transaction. */
  readonly first?: (tx: Db) => Promise<void>;
  /** Does in the same transaction what the way of proving wants done. */
  readonly also?: (tx: Db, sessionId: string) => Promise<void>;
};

/**
 * Makes the browser's session, or renews it with a new cookie when it was the same person's. One transaction.
 * @throws Refusal attempt_finished; wrong_credentials when the user was disabled, or changed the password, since it was checked.
 */
export async function completeSignIn(
  deps: Deps,
  context: RequestContext,
  { attempt, user, proofs, demanded, reserved, cookies, first, also }: Proven,
): Promise<SignedIn> {
  if (missingFactors(proofs, demanded).length > 0)
    throw new Error('a sign-in was to be completed before enough was proven');
  if (user.changePasswordBy !== undefined)
    throw new Error('a sign-in was to be completed before its password was changed');
  const { tenant, now } = context;
  const previous = await livingSession(deps, context, cookies.session);
  const acting = actingAs(context, 'user', user.id);
  const cookie = await deps.db.transaction(async (tx) => {
    await first?.(tx);
    const begun = await beginOrRenew(deps, tx, acting, { attempt, user, proofs }, previous);
    // Thrown, so that no session of somebody else has ended for it either.
    if (!begun) throw wrongCredentials();
    const { sessionId } = begun;
    if (!(await markAuthenticated(tx, tenant.id, attempt, { userId: user.id, proofs, sessionId }, now)))
      throw attemptFinished();
    if (reserved) await attemptSucceeded(tx, tenant.id, reserved);
    await also?.(tx, sessionId);
    await record(deps, tx, acting, {
      type: 'user.signed_in',
      userId: user.id,
      sessionId,
      data: signedInBy(proofs),
    });
    const isKnown = previous?.userId === user.id || knownBrowserOf(deps, tenant.id, cookies.known, user.id, 'password');
    if (!isKnown) await tellNewBrowser(deps, tx, acting, { userId: user.id, sessionId });
    return begun.cookie;
  });
  return {
    sessionCookie: cookie,
    knownCookie: withKnownBrowser(deps, tenant.id, cookies.known, {
      userId: user.id,
      acr: authenticationOf(proofs).acr,
    }),
    attemptId: attempt.row.id,
    hasRequest: attempt.request !== undefined,
    accountChange: waitingFor(attempt.accountChange, user.id),
  };
}

/** What the audit log says of how. */
function signedInBy(proofs: readonly Proof[]) {
  const { amr, mfaMethod } = authenticationOf(proofs);
  return { amr, ...(mfaMethod !== undefined && { mfa_method: mfaMethod }) };
}

async function beginOrRenew(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  { attempt, user, proofs }: Pick<Proven, 'attempt' | 'user' | 'proofs'>,
  previous: Session | undefined,
): Promise<{ sessionId: string; cookie: SessionCookie } | undefined> {
  const { tenant, now } = context;
  const secret = opaqueToken('session', deps.random(opaqueBytes));
  const own = previous?.userId === user.id ? previous : undefined;
  const session: NewSession = {
    id: newId(deps, now),
    secretHash: secret.hash,
    userId: user.id,
    authentication: authenticationOf(proofs),
    idleExpiresAt: now + tenant.settings.session_idle_lifetime * 1000,
    expiresAt: now + tenant.settings.session_lifetime * 1000,
    // Whoever proves again who they are is not asked again: what was ticked stays.
    persistent: staysSignedIn(tenant.settings.stay_signed_in, own?.persistent === true || attempt.staySignedIn),
    ip: context.ip,
    userAgent: context.userAgent?.slice(0, 300),
  };
  if (own) {
    const renewed = { ...session, id: own.id, expiresAt: own.expiresAt };
    if (await renewSession(tx, tenant.id, renewed, user.passwordVersion))
      return { sessionId: own.id, cookie: sessionCookie(secret.token, renewed, now) };
  } else if (previous) {
    await endSession(tx, tenant.id, previous, 'other_user', eventOf(deps, context));
  }
  return (await beginSession(tx, tenant.id, session, user.passwordVersion))
    ? { sessionId: session.id, cookie: sessionCookie(secret.token, session, now) }
    : undefined;
}
