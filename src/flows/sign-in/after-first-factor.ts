// What follows the first factor of a browser's sign-in, whichever it was: the session, or what is still needed for it.
import type { Deps } from '../../deps.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { type FirstFactorMethod, isSecondFactor, missingFactors } from '../../domain/factors.ts';
import type { Db } from '../../storage/database.ts';
import { markHalfSignedIn } from '../../storage/half-sign-ins.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { eventOf } from '../events.ts';
import { provableNow } from './provable.ts';
import { askNewPassword, type HalfSignedIn } from './ask-new-password.ts';
import { wrongCredentials } from './check-password.ts';
import { completeSignIn, type SignedIn } from './complete.ts';
import { demandOf } from './demand.ts';
import { recordUnmet } from './failed.ts';
import type { ReservedAttempt } from './limiter.ts';
import { withSpent } from './with-spent.ts';

export type FirstFactor = {
  readonly attempt: SignInAttempt;
  readonly user: UserWithPassword;
  readonly method: FirstFactorMethod;
  readonly reserved: ReservedAttempt | undefined;
  readonly cookies: BrowserCookies;
  /** Done in the transaction of what follows, before it: what the factor is worth once is spent there. */
  readonly spend?: ((tx: Db) => Promise<void>) | undefined;
};

/**
 * @throws Refusal wrong_credentials when the user was disabled, or changed the password, since it was proven; attempt_finished;
 * unmet_authentication_requirements when a second factor is needed, the person has none, and nobody can add one.
 */
export async function afterFirstFactor(
  deps: Deps,
  context: RequestContext,
  first: FirstFactor,
): Promise<SignedIn | HalfSignedIn> {
  const { attempt, user, method, reserved, cookies, spend } = first;
  const proofs = [{ method, at: context.now }] as const;
  const demanded = await demandOf(deps, context, attempt, user);
  if (missingFactors(proofs, demanded).length > 0) return askForSecond(deps, context, first);
  if (user.changePasswordBy !== undefined)
    return withSpent(deps.db, spend, (db) => askNewPassword(deps, db, context, { attempt, user, proofs, reserved }));
  return completeSignIn(deps, context, {
    attempt,
    user,
    proofs,
    demanded,
    reserved,
    cookies,
    ...(spend && { first: spend }),
  });
}

async function askForSecond(
  deps: Deps,
  context: RequestContext,
  { attempt, user, method, reserved, spend }: FirstFactor,
): Promise<HalfSignedIn> {
  const { tenant, now } = context;
  const mustAdd = !isSecondFactor(user.secondFactors);
  // Whoever has one that cannot be used now is not let in by adding another.
  const isStuck = mustAdd ? tenant.settings.mfa === 'off' : provableNow(deps, tenant, user, method).length === 0;
  if (isStuck) {
    await recordUnmet(deps, context, { userId: user.id, reserved });
    throw new Refusal(
      'unmet_authentication_requirements',
      'A second factor is needed to sign in here, and your account has none that can be used now.',
    );
  }
  const half = {
    attempt,
    userId: user.id,
    passwordVersion: user.passwordVersion,
    proofs: [{ method, at: now, passwordVersion: user.passwordVersion }],
    accountKey: reserved?.accountKey,
    addressKey: reserved?.addressKey,
    type: 'user.second_factor_asked',
  } as const;
  const event = eventOf(deps, actingAs(context, 'user', user.id));
  return withSpent(deps.db, spend, async (db) => {
    if (!(await markHalfSignedIn(db, tenant.id, half, event))) throw wrongCredentials();
    return { waitsFor: mustAdd ? 'new factor' : 'second factor', attemptId: attempt.row.id };
  });
}
