// A browser's sign-in between its factors: the password is proven, and not long ago.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { halfDoneFor, missingFactors, type Proof } from '../../domain/factors.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { findUserWithPassword } from '../../storage/users.ts';
import { demandOf } from './demand.ts';

/** @returns undefined when it was not proven, too long ago, or changed since; or its person was disabled. */
export async function provenPassword(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
): Promise<{ attempt: SignInAttempt; user: UserWithPassword; proof: Proof } | undefined> {
  const proof = attempt.proofs.find(({ method }) => method === 'password');
  if (proof === undefined || !isRecent(proof, context.now) || attempt.userId === undefined) return undefined;
  const user = await findUserWithPassword(deps.db, context.tenant.id, attempt.userId);
  if (!user || user.disabled || user.passwordVersion !== proof.passwordVersion) return undefined;
  return { attempt, user, proof };
}

/** Whether the attempt of {@link provenPassword} lacks nothing but another password. */
export async function waitsForNewPassword(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
  user: UserWithPassword,
): Promise<boolean> {
  if (user.changePasswordBy === undefined) return false;
  const recent = attempt.proofs.filter((proof) => isRecent(proof, context.now));
  return missingFactors(recent, await demandOf(deps, context, attempt, user)).length === 0;
}

/** Of what needs a password that was proven not long ago. */
export function passwordFirst(): Refusal {
  return new Refusal('password_first', 'The password comes first, and not long before the code.');
}

function isRecent({ at }: Proof, now: number): boolean {
  return now - at < halfDoneFor && now >= at;
}
