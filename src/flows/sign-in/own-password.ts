// The password of somebody who is signed in, checked once more.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { User } from '../../domain/user.ts';
import { findUserWithPassword } from '../../storage/users.ts';
import { recordFailure } from './failed.ts';
import { attemptNotMade, type ReservedAttempt, reserveFactorAttempt } from './limiter.ts';

/**
 * Whoever is signed in has a budget of their own: nobody else's guesses keep a person from their own account.
 * @throws Refusal wrong_credentials, too_many_attempts. @throws Unavailable when too many hashes wait.
 */
export async function checkOwnPassword(
  deps: Deps,
  context: RequestContext,
  { user, sessionId }: { user: User; sessionId: string | undefined },
  password: string,
): Promise<{ reserved: ReservedAttempt; passwordVersion: number }> {
  const { tenant } = context;
  const known = await findUserWithPassword(deps.db, tenant.id, user.id);
  const account = { identifier: user.username, userId: user.id, knownBrowser: sessionId ?? 'token' };
  const reserved = await reserveFactorAttempt(deps, context, 'password', account);
  const isRight = await deps.hasher.verify(password, known?.passwordHash).catch(async (error: unknown) => {
    await attemptNotMade(deps.db, tenant.id, reserved);
    throw error;
  });
  if (isRight && known) return { reserved, passwordVersion: known.passwordVersion };
  await recordFailure(deps, context, {
    factor: 'password',
    userId: user.id,
    attempts: reserved.attempts,
    reason: 'wrong password',
  });
  throw new Refusal('wrong_credentials', 'The password is wrong.');
}
