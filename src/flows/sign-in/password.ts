// Signing in with a password in a browser.
import type { Deps } from '../../deps.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { isSecondFactor, missingFactors } from '../../domain/factors.ts';
import { reporting } from '../../domain/metrics.ts';
import { markHalfSignedIn } from '../../storage/half-sign-ins.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { eventOf } from '../events.ts';
import { recordUnmet } from './failed.ts';
import { attemptOf } from './attempt.ts';
import { type CheckedPassword, checkPassword, wrongCredentials } from './check-password.ts';
import { askNewPassword, type HalfSignedIn } from './ask-new-password.ts';
import { completeSignIn, type SignedIn } from './complete.ts';
import { demandOf } from './demand.ts';

export type PasswordSignIn = {
  readonly attemptId: string | undefined;
  readonly username: string;
  readonly password: string;
  /** Ticked, that the session outlive the browser. */
  readonly staySignedIn: boolean;
  readonly cookies: BrowserCookies;
};

/**
 * Proves a password, and completes the sign-in unless a second factor or another password is needed.
 * @throws Refusal and Unavailable as {@link checkPassword}; attempt_unknown; unmet_authentication_requirements when a second
 * factor is needed, the person has none, and nobody can add one.
 */
export function signInWithPassword(
  deps: Deps,
  context: RequestContext,
  input: PasswordSignIn,
): Promise<SignedIn | HalfSignedIn> {
  return reporting(provePassword(deps, context, input), (outcome) => deps.metrics.signIn('password', outcome));
}

async function provePassword(
  deps: Deps,
  context: RequestContext,
  input: PasswordSignIn,
): Promise<SignedIn | HalfSignedIn> {
  const { username, password, cookies } = input;
  const begun = await attemptOf(deps, context, input.attemptId, cookies.browser);
  const attempt = { ...begun, staySignedIn: input.staySignedIn };
  const checked = await checkPassword(deps, context, { username, password, known: cookies.known });
  const { user, reserved, rehashed } = checked;
  const proofs = [{ method: 'password', at: context.now }] as const;
  const demanded = await demandOf(deps, context, attempt, user);
  if (missingFactors(proofs, demanded).length > 0) return askForSecond(deps, context, attempt, checked);
  if (user.changePasswordBy !== undefined)
    return askNewPassword(deps, deps.db, context, { attempt, user, proofs, reserved });
  return completeSignIn(deps, context, {
    attempt,
    user,
    proofs,
    demanded,
    reserved,
    cookies,
    ...(rehashed && {
      also: (tx) => replacePasswordHash(tx, context.tenant.id, user.id, rehashed.from, rehashed.to),
    }),
  });
}

async function askForSecond(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
  { user, reserved, rehashed }: CheckedPassword,
): Promise<HalfSignedIn> {
  const { tenant, now } = context;
  const mustAdd = !isSecondFactor(user.secondFactors);
  if (mustAdd && tenant.settings.mfa === 'off') {
    await recordUnmet(deps, context, { userId: user.id, reserved });
    throw new Refusal(
      'unmet_authentication_requirements',
      'A second factor is needed to sign in here, and your account has none.',
    );
  }
  const half = {
    attempt,
    userId: user.id,
    passwordVersion: user.passwordVersion,
    proofs: [{ method: 'password', at: now, passwordVersion: user.passwordVersion }],
    accountKey: reserved.accountKey,
    addressKey: reserved.addressKey,
    type: 'user.second_factor_asked',
  } as const;
  const acting = actingAs(context, 'user', user.id);
  if (!(await markHalfSignedIn(deps.db, tenant.id, half, eventOf(deps, acting)))) throw wrongCredentials();
  if (rehashed) await replacePasswordHash(deps.db, tenant.id, user.id, rehashed.from, rehashed.to);
  return { waitsFor: mustAdd ? 'new factor' : 'second factor', attemptId: attempt.row.id };
}
