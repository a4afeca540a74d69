// Between what was proven and the session: the attempt waits until its person has chosen another password.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { isFirstFactor, type Proof } from '../../domain/factors.ts';
import type { Db } from '../../storage/database.ts';
import { markHalfSignedIn } from '../../storage/half-sign-ins.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { eventOf } from '../events.ts';
import { wrongCredentials } from './check-password.ts';
import type { ReservedAttempt } from './limiter.ts';

/** The attempt waits for a second factor, for the first one that its person adds, or for another password. */
export type HalfSignedIn = {
  readonly waitsFor: 'second factor' | 'new factor' | 'new password';
  readonly attemptId: string;
};

/**
 * Keeps with the attempt what was proven, which is enough but for the password that must be changed.
 * @throws Refusal wrong_credentials when the user was disabled, or changed the password, since it was checked.
 */
export async function askNewPassword(
  deps: Deps,
  db: Db,
  context: RequestContext,
  {
    attempt,
    user,
    proofs,
    reserved,
  }: {
    readonly attempt: SignInAttempt;
    readonly user: { readonly id: string; readonly passwordVersion: number };
    readonly proofs: readonly Proof[];
    readonly reserved: ReservedAttempt | undefined;
  },
): Promise<HalfSignedIn> {
  const { id: userId, passwordVersion } = user;
  const half = {
    attempt,
    userId,
    passwordVersion,
    proofs: proofs.map((proof) => (isFirstFactor(proof.method) ? { ...proof, passwordVersion } : proof)),
    accountKey: reserved?.accountKey,
    addressKey: reserved?.addressKey,
    type: 'user.password_change_asked',
  } as const;
  const event = eventOf(deps, actingAs(context, 'user', userId));
  if (!(await markHalfSignedIn(db, context.tenant.id, half, event))) throw wrongCredentials();
  return { waitsFor: 'new password', attemptId: attempt.row.id };
}
