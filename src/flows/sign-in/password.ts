// Signing in with a password in a browser.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { reporting } from '../../domain/metrics.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { attemptOf } from './attempt.ts';
import { checkPassword } from './check-password.ts';
import { completeSignIn, type SignedIn } from './complete.ts';

export type PasswordSignIn = {
  readonly attemptId: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly cookies: BrowserCookies;
};

/**
 * Proves a password and completes the sign-in.
 * @throws Refusal and Unavailable as {@link checkPassword}; attempt_unknown.
 */
export function signInWithPassword(deps: Deps, context: RequestContext, input: PasswordSignIn): Promise<SignedIn> {
  return reporting(provePassword(deps, context, input), (outcome) => deps.metrics.signIn('password', outcome));
}

async function provePassword(deps: Deps, context: RequestContext, input: PasswordSignIn): Promise<SignedIn> {
  const { username, password, cookies } = input;
  const attempt = await attemptOf(deps, context, input.attemptId, cookies.browser);
  const { user, reserved, rehashed } = await checkPassword(deps, context, { username, password, known: cookies.known });
  return completeSignIn(deps, context, {
    attempt,
    user,
    proofs: [{ method: 'password', at: context.now }],
    reserved,
    cookies,
    ...(rehashed && {
      also: (tx) => replacePasswordHash(tx, context.tenant.id, user.id, rehashed.from, rehashed.to),
    }),
  });
}
