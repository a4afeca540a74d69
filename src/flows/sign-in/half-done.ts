// A browser's sign-in between its factors: the password is proven, and not long ago.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { halfDoneFor, type Proof } from '../../domain/factors.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { findUserWithPassword } from '../../storage/users.ts';

/** @returns undefined when it was not proven, too long ago, or changed since; or its person was disabled. */
export async function provenPassword(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
): Promise<{ attempt: SignInAttempt; user: UserWithPassword; proof: Proof } | undefined> {
  const proof = attempt.proofs.find(({ method }) => method === 'password');
  const isRecent = proof !== undefined && context.now - proof.at < halfDoneFor && context.now >= proof.at;
  if (!isRecent || attempt.userId === undefined) return undefined;
  const user = await findUserWithPassword(deps.db, context.tenant.id, attempt.userId);
  if (!user || user.disabled || user.passwordVersion !== proof.passwordVersion) return undefined;
  return { attempt, user, proof };
}
