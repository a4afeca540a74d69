// A browser's sign-in between its factors: the first one is proven, and not long ago.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { halfDoneFor, isFirstFactor, missingFactors, type Proof } from '../../domain/factors.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { findUserWithPassword } from '../../storage/users.ts';
import { demandOf } from './demand.ts';

/** @returns undefined when none was proven, too long ago, or the password changed since; or its person was disabled. */
export async function provenFirstFactor(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
): Promise<{ attempt: SignInAttempt; user: UserWithPassword; proof: Proof } | undefined> {
  const proof = attempt.proofs.find(({ method }) => isFirstFactor(method));
  if (proof === undefined || !isRecent(proof, context.now) || attempt.userId === undefined) return undefined;
  const user = await findUserWithPassword(deps.db, context.tenant.id, attempt.userId);
  if (!user || user.disabled || user.passwordVersion !== proof.passwordVersion) return undefined;
  return { attempt, user, proof };
}

/** Whether the attempt of {@link provenFirstFactor} lacks nothing but another password. */
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

/** Of what needs a first factor that was proven not long ago. */
export function firstFactorFirst(): Refusal {
  return new Refusal('password_first', 'The password, or what was mailed, comes first, and not long before the code.');
}

function isRecent({ at }: Proof, now: number): boolean {
  return now - at < halfDoneFor && now >= at;
}
