// Signing in with a password.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import type { Refusal } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import { longestPasswordBytes, type User } from '../../domain/user.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { findUserForSignIn } from '../../storage/users.ts';
import { record } from '../events.ts';
import { attemptOf } from './attempt.ts';
import { completeSignIn, type SignedIn, wrongCredentials } from './complete.ts';
import { knownBrowserOf } from './known-browsers.ts';
import { attemptNotMade, type ReservedAttempt, reserveFactorAttempt } from './limiter.ts';

export type PasswordSignIn = {
  readonly attemptId: string | undefined;
  readonly username: string;
  readonly password: string;
  readonly cookies: BrowserCookies;
};

/**
 * Proves a password and completes the sign-in.
 * @throws Refusal wrong_credentials, the same for an unknown name, a wrong password and a disabled user; too_many_attempts;
 * attempt_unknown. @throws Unavailable when too many hashes wait.
 */
export function signInWithPassword(deps: Deps, context: RequestContext, input: PasswordSignIn): Promise<SignedIn> {
  return reporting(provePassword(deps, context, input), (outcome) => deps.metrics.signIn('password', outcome));
}

async function provePassword(deps: Deps, context: RequestContext, input: PasswordSignIn): Promise<SignedIn> {
  const { tenant, now } = context;
  const { cookies } = input;
  const attempt = await attemptOf(deps, context, input.attemptId, cookies.browser);
  if (input.username.length > 300 || Buffer.byteLength(input.password) > longestPasswordBytes) throw wrongCredentials();
  const user = await findUserForSignIn(deps.db, tenant.id, input.username);
  const knownBrowser = user && knownBrowserOf(deps, tenant.id, cookies.known, user.id);
  const account = { identifier: input.username, userId: user?.id, knownBrowser };
  const reserved = await reserveFactorAttempt(deps, context, 'password', account);
  const isRight = await deps.hasher.verify(input.password, user?.passwordHash).catch(async (error: unknown) => {
    await attemptNotMade(deps.db, tenant.id, reserved, now);
    throw error;
  });
  const hash = user?.passwordHash;
  if (!isRight || !user || user.disabled || hash === undefined) throw await failed(deps, context, user, reserved);
  const rehashed = deps.hasher.needsRehash(hash) ? await deps.hasher.hash(input.password) : undefined;
  return completeSignIn(deps, context, {
    attempt,
    user,
    proofs: [{ method: 'password', at: now }],
    reserved,
    cookies,
    ...(rehashed !== undefined && { also: (tx) => replacePasswordHash(tx, tenant.id, user.id, hash, rehashed) }),
  });
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
