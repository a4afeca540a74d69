// The second factor of a browser's sign-in: what its page shows, and the code that completes the sign-in.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import {
  type FirstFactorMethod,
  firstFactorOf,
  isSecondFactor,
  isSent,
  type Proof,
  type SecondFactorMethod,
  secondFactorMethods,
  type SentMethod,
  sentMethods,
} from '../../domain/factors.ts';
import { Refusal } from '../../domain/errors.ts';
import { reporting } from '../../domain/metrics.ts';
import type { Db } from '../../storage/database.ts';
import { secondFactorsOf, spendSecondFactor } from '../../storage/second-factors.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { codeCameBack, type Proving, sendFactorCode, type Sent, sentTo, waitingCode } from './sent-code.ts';
import { provableNow } from './provable.ts';
import { attemptOf } from './attempt.ts';
import { checkCode, wrongCode } from './check-code.ts';
import { askNewPassword, type HalfSignedIn } from './ask-new-password.ts';
import { completeSignIn, type SignedIn } from './complete.ts';
import { demandOf } from './demand.ts';
import { firstFactorFirst, provenFirstFactor, waitsForNewPassword } from './half-done.ts';
import { alreadySignedIn, type HalfDonePage, halfDonePage, type WayOn } from './half-done-page.ts';
import { knownBrowserOf } from './known-browsers.ts';

export type SecondFactorView = HalfDonePage & {
  /** What is asked for now, and what else could be. */
  readonly method: SecondFactorMethod;
  readonly others: readonly SecondFactorMethod[];
  /** Why nothing but a recovery code is asked for: what is mailed proves nothing more, or nothing is sent here. */
  readonly unusable: 'mailbox' | 'off' | undefined;
  /** Of a method whose codes are sent: where to, and whether one is waited for. */
  readonly sent: (Sent & { readonly isWaiting: boolean }) | undefined;
};

/** The page for an attempt whose password was proven; one that was signed in goes on. @throws Refusal attempt_unknown, attempt_finished; password_first. */
export async function viewSecondFactor(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string | undefined; method: string | undefined; cookies: BrowserCookies },
): Promise<SecondFactorView | WayOn | 'to the new password'> {
  const begun = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  const wayOn = await alreadySignedIn(deps, context, begun, input.cookies.session);
  if (wayOn) return wayOn;
  const { attempt, user, proof } = await halfDone(deps, context, begun);
  if (await waitsForNewPassword(deps, context, attempt, user)) return 'to the new password';
  const first = firstFactorOf([proof]);
  const methods = provableNow(deps, context.tenant, user, first);
  const method = methods.find((one) => one === input.method) ?? methods[0]!;
  return {
    ...(await halfDonePage(deps, context, attempt, user)),
    method,
    others: methods.filter((other) => other !== method),
    unusable: isSecondFactor(methods) ? undefined : whyUnusable(deps, context, user, first),
    sent: isSent(method) ? await sentBefore(deps, context, { attempt, user, method }) : undefined,
  };
}

function whyUnusable(
  deps: Deps,
  { tenant }: RequestContext,
  user: UserWithPassword,
  first: FirstFactorMethod | undefined,
): 'mailbox' | 'off' {
  const isByPassword = first === 'password';
  return !isByPassword && provableNow(deps, tenant, user, 'password').includes('email') ? 'mailbox' : 'off';
}

async function sentBefore(
  deps: Deps,
  context: RequestContext,
  { attempt, user, method }: { attempt: SignInAttempt; user: UserWithPassword; method: SentMethod },
): Promise<Sent & { readonly isWaiting: boolean }> {
  const factors = await secondFactorsOf(deps.db, context.tenant.id, user.id);
  const factor = factors.find((one) => one.method === method);
  const waiting = await waitingCode(deps, context, provingOf(attempt));
  return { method, to: sentTo(user, method, factor?.phone), isWaiting: waiting?.credentialId === factor?.id };
}

/**
 * Sends a code to where the person has said.
 * @throws Refusal attempt_unknown, attempt_finished; password_first; conflict when there is no such factor that can be used now;
 * too_many_attempts.
 */
export async function sendCode(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string | undefined; method: string | undefined; cookies: BrowserCookies },
): Promise<void> {
  const begun = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  const { attempt, user, proof } = await halfDone(deps, context, begun);
  const method = sentMethods.find((one) => one === input.method);
  if (!method) throw new Refusal('conflict', 'Nothing is sent for this second factor.');
  const knownBrowser = knownBrowserOf(deps, context.tenant.id, input.cookies.known, user.id, 'code');
  const first = firstFactorOf([proof]);
  await sendFactorCode(deps, context, { user, method, proving: provingOf(attempt), first, knownBrowser });
}

/** What a code that is sent in this sign-in is for. */
function provingOf({ row }: SignInAttempt): Proving {
  return { kind: 'browser sign-in', id: row.id };
}

export type CodeSignIn = {
  readonly attemptId: string | undefined;
  readonly code: string;
  readonly method: string | undefined;
  readonly cookies: BrowserCookies;
};

/**
 * Proves the second factor, and completes the sign-in unless another password is needed.
 * @throws Refusal attempt_unknown, attempt_finished; password_first when it was not proven, or too long ago, or changed since;
 * wrong_code, too_many_attempts.
 */
export function signInWithCode(
  deps: Deps,
  context: RequestContext,
  input: CodeSignIn,
): Promise<SignedIn | HalfSignedIn> {
  const method = secondFactorMethods.find((one) => one === input.method) ?? 'totp';
  return reporting(proveCode(deps, context, input), (outcome) => deps.metrics.signIn(method, outcome));
}

async function proveCode(deps: Deps, context: RequestContext, input: CodeSignIn): Promise<SignedIn | HalfSignedIn> {
  const { tenant, now } = context;
  const { cookies, code } = input;
  const { attempt, user, proof } = await halfDone(
    deps,
    context,
    await attemptOf(deps, context, input.attemptId, cookies.browser),
  );
  const knownBrowser = knownBrowserOf(deps, tenant.id, cookies.known, user.id, 'code');
  const { method, credentialId, step, codeHash, cameBack, reserved } = await checkCode(deps, context, {
    user,
    given: { code },
    knownBrowser,
    proving: provingOf(attempt),
    first: firstFactorOf([proof]),
  });
  const { accountKey, addressKey } = reserved;
  const spending = { userId: user.id, credentialId, step, codeHash, accountKey, addressKey };
  // Without the version of the password: what is complete is not to be completed again.
  const proofs = [
    { method: proof.method, at: proof.at },
    { method, at: now },
  ] as const;
  const spend = async (tx: Db) => {
    if (!(await spendSecondFactor(tx, tenant.id, spending, now))) throw wrongCode();
    if (cameBack) await codeCameBack(tx, context, cameBack);
  };
  if (user.changePasswordBy !== undefined)
    return deps.db.transaction(async (tx) => {
      const half = await askNewPassword(deps, tx, context, { attempt, user, proofs, reserved });
      await spend(tx);
      return half;
    });
  return completeSignIn(deps, context, {
    attempt,
    user,
    proofs,
    demanded: await demandOf(deps, context, attempt, user),
    reserved,
    cookies,
    also: spend,
  });
}

/** The attempt of this browser between its factors, and whose it is. */
async function halfDone(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
): Promise<{ attempt: SignInAttempt; user: UserWithPassword; proof: Proof }> {
  const half = await provenFirstFactor(deps, context, attempt);
  if (!half || provableNow(deps, context.tenant, half.user, firstFactorOf([half.proof])).length === 0)
    throw firstFactorFirst();
  return half;
}
