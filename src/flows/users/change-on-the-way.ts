// The password that somebody else knows is changed on the way, which completes the sign-in.
import type { Deps } from '../../deps.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import { chosenPasswordProblem } from '../../schemas/password.ts';
import { lockPassword, setPasswordHash } from '../../storage/passwords.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { endOthersOf } from '../../storage/users.ts';
import { newId, record } from '../events.ts';
import { samePassword } from './change-own-password.ts';
import { namesAround } from './names-around.ts';
import { attemptOf } from '../sign-in/attempt.ts';
import { completeSignIn, type SignedIn } from '../sign-in/complete.ts';
import { demandOf } from '../sign-in/demand.ts';
import { firstFactorFirst, provenFirstFactor, waitsForNewPassword } from '../sign-in/half-done.ts';
import { attemptNotMade, reserveFactorAttempt } from '../sign-in/limiter.ts';
import { alreadySignedIn, type HalfDonePage, halfDonePage, type WayOn } from '../sign-in/half-done-page.ts';

type Visit = { readonly attemptId: string | undefined; readonly cookies: BrowserCookies };

/** @throws Refusal attempt_unknown, attempt_finished; password_first. */
export async function viewNewPassword(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies }: Visit,
): Promise<HalfDonePage | WayOn> {
  const begun = await attemptOf(deps, context, attemptId, cookies.browser);
  const wayOn = await alreadySignedIn(deps, context, begun, cookies.session);
  if (wayOn) return wayOn;
  const { attempt, user } = await choosing(deps, context, begun);
  return halfDonePage(deps, context, attempt, user);
}

/**
 * Changes the password and completes the sign-in, in one transaction; every other session ends.
 * @throws Refusal as {@link viewNewPassword}; invalid_input for the password, too_many_attempts.
 * @throws Unavailable when too many hashes wait.
 */
export async function signInWithNewPassword(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies, wanted }: Visit & { readonly wanted: string },
): Promise<SignedIn> {
  const { tenant, now } = context;
  const begun = await attemptOf(deps, context, attemptId, cookies.browser);
  const { attempt, user } = await choosing(deps, context, begun);
  const problem = chosenPasswordProblem(wanted, await namesAround(deps, tenant, user));
  if (problem !== undefined) throw invalidInput([{ path: ['new_password'], problem }]);
  // On a budget of its own: nobody else's guesses keep a person from choosing, and each choice costs two hashes at most.
  const account = { identifier: user.username, userId: user.id, knownBrowser: attempt.row.id };
  const reserved = await reserveFactorAttempt(deps, context, 'password', account);
  const hash = await otherThan(deps, user.passwordHash, wanted).catch(async (error: unknown) => {
    await attemptNotMade(deps.db, tenant.id, reserved);
    throw error;
  });
  if (hash === undefined) throw invalidInput([{ path: ['new_password'], problem: samePassword }]);
  const acting = actingAs(context, 'user', user.id);
  return completeSignIn(deps, context, {
    attempt,
    // In this transaction it is changed.
    user: { ...user, changePasswordBy: undefined },
    // Without the version of the password: what is complete is not to be completed again.
    proofs: attempt.proofs.map(({ method, at }) => ({ method, at })),
    demanded: await demandOf(deps, context, attempt, user),
    reserved,
    cookies,
    // Before anything that only reads the person: two who do this at once would else wait for one another.
    first: async (tx) => {
      if (!(await lockPassword(tx, tenant.id, user.id, user.passwordVersion))) throw firstFactorFirst();
    },
    also: async (tx, sessionId) => {
      await setPasswordHash(tx, tenant.id, user.id, { id: newId(deps, now), hash }, now);
      const ended = await endOthersOf(tx, tenant.id, user.id, sessionId, 'password_changed', now);
      await record(deps, tx, acting, { type: 'user.password_changed', userId: user.id, data: ended });
    },
  });
}

/** The hash of another password than the one there is; undefined for the same. */
async function otherThan(deps: Deps, stored: string | undefined, wanted: string): Promise<string | undefined> {
  return (await deps.hasher.verify(wanted, stored)) ? undefined : deps.hasher.hash(wanted);
}

/** The attempt of this browser that lacks nothing but another password. */
async function choosing(
  deps: Deps,
  context: RequestContext,
  begun: SignInAttempt,
): Promise<{ attempt: SignInAttempt; user: UserWithPassword }> {
  const half = await provenFirstFactor(deps, context, begun);
  if (!half || !(await waitsForNewPassword(deps, context, half.attempt, half.user))) throw firstFactorFirst();
  return half;
}
