// Whether a link or a code that was mailed signs somebody in: looked at, guessed at, spent once.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import { withoutBlanks } from '../../crypto/short-codes.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { guessesOfCode } from '../../domain/passwordless.ts';
import type { Db } from '../../storage/database.ts';
import {
  findMagicLink,
  guessAtCode,
  guessAtCodesOf,
  type GuessedCode,
  type MailedKind,
  type MailedSignIn,
  spendMailedSignIn,
} from '../../storage/mailed-sign-ins.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { lockPassword } from '../../storage/passwords.ts';
import { findUserWithPassword } from '../../storage/users.ts';
import { answerNoSooner, personAt } from '../deliver/asked.ts';
import { mailCameBack } from '../deliver/reserve.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import { recordFailure } from '../sign-in/failed.ts';
import { askerBy } from '../sign-in/known-asker.ts';
import { knownBrowserOf } from '../sign-in/known-browsers.ts';
import { mayGuessAtMailedCode, type ReservedAttempt, reserveFactorAttempt } from '../sign-in/limiter.ts';
import { checkSignInByMail, isCode } from './ask.ts';
import { firstVerification } from './first-verification.ts';
import { openLinkToken } from './link-token.ts';

/** What was mailed, to whom, and by what it is spent. */
export type FoundMail = {
  readonly mailed: MailedSignIn;
  readonly user: UserWithPassword;
  readonly kind: MailedKind;
  readonly hash: Buffer;
};

/**
 * Looking at a link spends nothing.
 * @returns undefined when it was used, has expired, or its person has another address or password by now.
 * @throws Refusal not_found where nobody can sign in by mail.
 */
export async function lookAtLink(
  deps: Deps,
  context: RequestContext,
  token: string | undefined,
): Promise<FoundMail | undefined> {
  checkSignInByMail(deps, context.tenant);
  const hash = await openLinkToken(deps, context, token);
  const mailed = hash && (await findMagicLink(deps.db, context.tenant.id, hash, context.now));
  return mailed && found(deps, context, { hash, mailed, kind: 'magic_link' });
}

/** Whoever guesses at a code: `hash` where they show that they asked for it. `known`: which accounts their browser or device has signed in to. */
export type Guess = {
  readonly email: string;
  readonly code: string;
  readonly hash: Buffer | undefined;
  readonly known: string | undefined;
};

/**
 * Counts the guess before it looks, on the code itself and for the account and the network.
 * @throws Refusal wrong_code, the same for addresses that nobody has; too_many_attempts; not_found where nobody can sign in by mail.
 */
export async function checkMailedCode(
  deps: Deps,
  context: RequestContext,
  { email, code, hash, known }: Guess,
): Promise<FoundMail & { readonly reserved: ReservedAttempt }> {
  const { tenant } = context;
  checkSignInByMail(deps, tenant);
  const begun = performance.now();
  const person = await personAt(deps.db, tenant, email);
  const knownBrowser = person && knownBrowserOf(deps, tenant.id, known, person.id, 'password');
  const account = { identifier: email, userId: person?.id, knownBrowser, asked: hash !== undefined };
  const reserved = await reserveFactorAttempt(deps, context, 'mailed_code', account);
  const guessed = await guessAt(deps, context, { hash, userId: person?.id, isKnown: knownBrowser !== undefined });
  const digits = withoutBlanks(code);
  const right = guessed.find(({ hash: own, mailed }) => isCode(deps, own, digits, mailed.code));
  const mail = right && (await found(deps, context, { ...right, kind: 'sign_in_code' }));
  // Typed for somebody else, it would count on their account's budget.
  if (mail && mail.user.id === person?.id) return { ...mail, reserved };
  await recordFailure(deps, context, {
    factor: 'mailed_code',
    userId: person?.id,
    attempts: reserved.attempts,
    reason: 'wrong code',
  });
  await answerNoSooner(begun);
  throw wrongCode();
}

/** An id that nobody has: for an address that nobody has the same is asked as for any other. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** Counts the guess, and gives the codes that it may be of. Whose they are need not be who was named. */
async function guessAt(
  deps: Deps,
  context: RequestContext,
  { hash, userId, isKnown }: { hash: Buffer | undefined; userId: string | undefined; isKnown: boolean },
): Promise<readonly GuessedCode[]> {
  const codes = await countedCodes(deps, context, { hash, userId });
  const whose = codes[0]?.mailed.userId;
  return whose === undefined || (await mayGuessAtMailedCode(deps, context, { userId: whose, isKnown })) ? codes : [];
}

async function countedCodes(
  { db }: Deps,
  { tenant, now }: RequestContext,
  { hash, userId }: { hash: Buffer | undefined; userId: string | undefined },
): Promise<readonly GuessedCode[]> {
  const most = guessesOfCode;
  if (hash === undefined) return guessAtCodesOf(db, tenant.id, { userId: userId ?? nobody, most }, now);
  const own = await guessAtCode(db, tenant.id, { hash, most }, now);
  return own ? [own] : [];
}

/** What an application's `proof` is kept as; undefined for none, and for what cannot be one. */
export function hashOfProof(proof: string | undefined): Buffer | undefined {
  return hashOfOpaque('signInProof', proof);
}

async function found(
  deps: Deps,
  { tenant }: RequestContext,
  mail: Omit<FoundMail, 'user'>,
): Promise<FoundMail | undefined> {
  const { userId, email, passwordVersion } = mail.mailed;
  const user = await findUserWithPassword(deps.db, tenant.id, userId);
  if (!user || user.disabled || user.email !== email || user.passwordVersion !== passwordVersion) return undefined;
  return { ...mail, user };
}

/**
 * The person behind it as they are once it is spent, and what spends it in the transaction of the sign-in: one winner.
 * `known`: which accounts the browser or device knows, as it says. `closed`: what is thrown for everybody else.
 */
export function provenBy(
  deps: Deps,
  context: RequestContext,
  { user: before, kind, hash }: FoundMail,
  known: string | undefined,
  closed: () => Error,
): { readonly user: UserWithPassword; readonly spend: (tx: Db) => Promise<void> } {
  const { tenant, now } = context;
  const first = firstVerification(deps, context, before);
  const asker = askerBy(deps, tenant.id, known, before.id);
  const spend = async (tx: Db) => {
    // The person's row before any other, as every change of a password does.
    if (!(await lockPassword(tx, tenant.id, before.id, before.passwordVersion))) throw closed();
    if (first && !(await first.isStill(tx))) throw closed();
    if (!(await spendMailedSignIn(tx, tenant.id, { kind, hash }, now))) throw closed();
    await first?.verify(tx);
    // Who has the mailbox may ask for more.
    await mailCameBack(tx, context, { email: before.email!, asker });
  };
  return { user: first?.user ?? before, spend };
}
