// The first second factor of somebody whose sign-in demands one: added on the way, which completes the sign-in.
import type { Deps } from '../../deps.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { type Acr, acrValues, isSecondFactor, type Proof } from '../../domain/factors.ts';
import { reporting } from '../../domain/metrics.ts';
import type { Db } from '../../storage/database.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { lockPassword } from '../../storage/passwords.ts';
import { findUserWithPassword, lockUser } from '../../storage/users.ts';
import type { Owner } from './owner.ts';
import { addProvenTotp, beginTotp, checkFirstCode, type NewTotp, waitingTotp } from './totp.ts';
import { attemptOf } from '../sign-in/attempt.ts';
import { askNewPassword, type HalfSignedIn } from '../sign-in/ask-new-password.ts';
import { completeSignIn, type SignedIn } from '../sign-in/complete.ts';
import { demandOf } from '../sign-in/demand.ts';
import { firstFactorFirst, provenFirstFactor } from '../sign-in/half-done.ts';
import { alreadySignedIn, type HalfDonePage, halfDonePage, type WayOn } from '../sign-in/half-done-page.ts';

export type AddFactorView = HalfDonePage & {
  /** What was begun with, and waits for its first code. */
  readonly totp: NewTotp | undefined;
};

type Visit = { readonly attemptId: string | undefined; readonly cookies: BrowserCookies };

/** @throws Refusal attempt_unknown, attempt_finished; password_first. */
export async function viewAddFactor(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies }: Visit,
): Promise<AddFactorView | WayOn> {
  const begun = await attemptOf(deps, context, attemptId, cookies.browser);
  const wayOn = await alreadySignedIn(deps, context, begun, cookies.session);
  if (wayOn) return wayOn;
  const { attempt, user, owner } = await enrolling(deps, context, begun);
  return { ...(await halfDonePage(deps, context, attempt, user)), totp: await waitingTotp(deps, context, owner) };
}

/** Makes the secret. @throws Refusal as {@link viewAddFactor}. */
export async function beginFirstFactor(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies, name }: Visit & { readonly name: string | undefined },
): Promise<void> {
  const { owner } = await enrolling(deps, context, await attemptOf(deps, context, attemptId, cookies.browser));
  await beginTotp(deps, context, owner, name);
}

/**
 * The first code adds the factor and completes the sign-in, in one transaction, unless another password is needed.
 * @throws Refusal as {@link viewAddFactor}; not_found, wrong_code, too_many_attempts.
 */
export function signInWithFirstFactor(
  deps: Deps,
  context: RequestContext,
  input: Visit & { readonly id: string | undefined; readonly code: string },
): Promise<{ signedIn: SignedIn | HalfSignedIn; codes: readonly string[] }> {
  return reporting(proveFirst(deps, context, input), (outcome) => deps.metrics.signIn('totp', outcome));
}

async function proveFirst(
  deps: Deps,
  context: RequestContext,
  { attemptId, cookies, id, code }: Visit & { readonly id: string | undefined; readonly code: string },
): Promise<{ signedIn: SignedIn | HalfSignedIn; codes: readonly string[] }> {
  const begun = await attemptOf(deps, context, attemptId, cookies.browser);
  const { attempt, user, proof, demanded, owner } = await enrolling(deps, context, begun);
  const proven = await checkFirstCode(deps, context, owner, { code, id });
  const acting = actingAs(context, 'user', user.id);
  let codes: readonly string[] = [];
  const proofs = [
    { method: proof.method, at: proof.at },
    { method: 'totp', at: context.now },
  ] as const;
  const add = async (tx: Db) => {
    const added = await addProvenTotp(deps, tx, acting, owner, { ...proven, endOthers: false });
    codes = added.recovery_codes ?? [];
  };
  if (user.changePasswordBy !== undefined) {
    const signedIn = await deps.db.transaction(async (tx) => {
      if (!(await lockPassword(tx, context.tenant.id, user.id, user.passwordVersion))) throw firstFactorFirst();
      await add(tx);
      // The factor has refused every other sign-in under way: this one goes on with the version that there is now.
      const now = (await findUserWithPassword(tx, context.tenant.id, user.id))!;
      return askNewPassword(deps, tx, context, { attempt, user: now, proofs, reserved: proven.reserved });
    });
    return { signedIn, codes };
  }
  const signedIn = await completeSignIn(deps, context, {
    attempt,
    user,
    proofs,
    demanded,
    reserved: proven.reserved,
    cookies,
    // Before anything that only reads the person: two who do this at once would else wait for one another.
    first: async (tx) => void (await lockUser(tx, context.tenant.id, user.id)),
    also: add,
  });
  return { signedIn, codes };
}

/** The attempt of this browser whose password is proven, of a person who has no second factor where one is demanded. */
async function enrolling(
  deps: Deps,
  context: RequestContext,
  begun: SignInAttempt,
): Promise<{ attempt: SignInAttempt; user: UserWithPassword; proof: Proof; demanded: Acr; owner: Owner }> {
  const half = await provenFirstFactor(deps, context, begun);
  const demanded = half && (await demandOf(deps, context, half.attempt, half.user));
  if (!half || demanded !== acrValues[1] || isSecondFactor(half.user.secondFactors)) throw firstFactorFirst();
  const owner = { user: half.user, by: { kind: 'browser sign-in', attemptId: half.attempt.row.id } } as const;
  return { ...half, demanded, owner };
}
