// Checks a password, whichever door it came by: the attempt is reserved, the hash compared, a failure recorded.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { longestPasswordBytes } from '../../domain/user.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { findUserForSignIn } from '../../storage/users.ts';
import { recordFailure } from './failed.ts';
import { knownBrowserOf } from './known-browsers.ts';
import { attemptNotMade, type ReservedAttempt, reserveFactorAttempt } from './limiter.ts';

export type CheckedPassword = {
  readonly user: UserWithPassword;
  readonly reserved: ReservedAttempt;
  /** The same password under newer parameters, when the stored hash is weaker than the settings ask for. */
  readonly rehashed: { readonly from: string; readonly to: string } | undefined;
};

/**
 * `known`: which accounts this browser or device has signed in to before, as it was told.
 * @throws Refusal wrong_credentials, the same for an unknown name, a wrong password, one that has ended and a disabled user; too_many_attempts.
 * @throws Unavailable when too many hashes wait.
 */
export async function checkPassword(
  deps: Deps,
  context: RequestContext,
  { username, password, known }: { username: string; password: string; known: string | undefined },
): Promise<CheckedPassword> {
  const { tenant } = context;
  if (username.length > 300 || Buffer.byteLength(password) > longestPasswordBytes) throw wrongCredentials();
  const user = await findUserForSignIn(deps.db, tenant.id, username);
  const knownBrowser = user && knownBrowserOf(deps, tenant.id, known, user.id, 'password');
  const account = { identifier: username, userId: user?.id, knownBrowser };
  const reserved = await reserveFactorAttempt(deps, context, 'password', account);
  const isRight = await deps.hasher.verify(password, user?.passwordHash).catch(async (error: unknown) => {
    await attemptNotMade(deps.db, tenant.id, reserved);
    throw error;
  });
  const from = user?.passwordHash;
  // Only now, so that one that has ended costs as much as a wrong one.
  const hasEnded = user?.changePasswordBy !== undefined && context.now >= user.changePasswordBy;
  if (!isRight || !user || user.disabled || from === undefined || hasEnded) {
    const { attempts } = reserved;
    await recordFailure(deps, context, {
      factor: 'password',
      userId: user?.id,
      attempts,
      reason: isRight && hasEnded ? 'password has ended' : whyNot(user),
    });
    throw wrongCredentials();
  }
  const rehashed = deps.hasher.needsRehash(from) ? { from, to: await deps.hasher.hash(password) } : undefined;
  return { user, reserved, rehashed };
}

/** One text for every reason. */
export function wrongCredentials(): Refusal {
  return new Refusal('wrong_credentials', 'The username or the password is wrong.');
}

function whyNot(user: UserWithPassword | undefined) {
  if (!user) return 'unknown user';
  if (user.passwordHash === undefined) return 'no password';
  return user.disabled ? 'disabled user' : 'wrong password';
}
