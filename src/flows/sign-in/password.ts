// Signing in with a password in a browser.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { reporting } from '../../domain/metrics.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { afterFirstFactor } from './after-first-factor.ts';
import type { HalfSignedIn } from './ask-new-password.ts';
import { attemptOf } from './attempt.ts';
import { checkPassword } from './check-password.ts';
import type { SignedIn } from './complete.ts';

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
  const outcome = await afterFirstFactor(deps, context, { attempt, user, method: 'password', reserved, cookies });
  if (rehashed) await replacePasswordHash(deps.db, context.tenant.id, user.id, rehashed.from, rehashed.to);
  return outcome;
}
