// A factor whose codes are sent is added: a telephone number, or the e-mail address of the account, once a code came back from it.
import type { Deps } from '../../deps.ts';
import type { Authentication } from '../../domain/authentication.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { invalidInput, Refusal } from '../../domain/errors.ts';
import { firstFactorIn, isByMail, maySend, type SecondFactorMethod, type SentMethod } from '../../domain/factors.ts';
import { factorCodeFor } from '../../domain/passwordless.ts';
import { phoneKey } from '../../domain/sms.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import { insertSentFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { findSentCode, type SentCode } from '../../storage/sent-codes.ts';
import { findUser } from '../../storage/users.ts';
import { newId } from '../events.ts';
import { wrongCode } from '../sign-in/check-code.ts';
import { recordFailure } from '../sign-in/failed.ts';
import { reserveFactorAttempt } from '../sign-in/limiter.ts';
import { sentRules } from '../sign-in/provable.ts';
import { codeCameBack, matchingSentCode, type Proving, sendFirstCode, waitingCode } from '../sign-in/sent-code.ts';
import { type AddedFactor, addProvenFactor, assertMayAdd, beganBy, enough, nothingBegun } from './add.ts';
import type { Owner, Right } from './owner.ts';

/** A second one would say no more, and each is asked for by itself. */
const most = 1;

/** `to`: where the code went, whole: its person typed it, or it is theirs. `expires_in`: of the code, in seconds. */
export type NewSentFactor = {
  readonly id: string;
  readonly method: SentMethod;
  readonly to: string;
  readonly expires_in: number;
};

/** What it is to be sent to: of `sms` a number as it was typed, of `email` the address of the account. */
export type WantedSentFactor = {
  readonly method: SentMethod;
  readonly phone?: string | undefined;
  readonly name?: string | undefined;
};

/**
 * Sends the code. It takes the place of one that was begun and not confirmed.
 * @throws Refusal second_factors_off; conflict when there is one, when a stronger one must come first, or there is no address;
 * invalid_input for what is no number; too_many_attempts.
 */
export async function beginSentFactor(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
  { method, phone: typed, name }: WantedSentFactor,
): Promise<NewSentFactor> {
  const { tenant, now } = context;
  const { user } = owner;
  assertMayAdd(tenant, user);
  const enrolled = (await secondFactorsOf(deps.db, tenant.id, user.id)).map((factor) => factor.method);
  assertMaySend(deps, tenant, method, enrolled);
  if (enrolled.includes(method)) throw enough(most);
  const phone = method === 'sms' ? phoneKey(typed ?? '') : undefined;
  if (method === 'sms' && phone === undefined)
    throw invalidInput([
      { path: ['phone'], problem: 'must be a telephone number with its country code, such as +4915112345678' },
    ]);
  if (method === 'email' && isSignedInByMail(owner.by))
    throw new Refusal('conflict', 'Whoever signs in by mail has proven the mailbox: a code to it is no second factor.');
  if (method === 'email' && user.email === undefined)
    throw new Refusal('conflict', 'The account has no e-mail address to send codes to.');
  const credentialId = newId(deps, now);
  const code = { credentialId, method, adds: { phone, name: name?.toWellFormed() } };
  await sendFirstCode(deps, context, { user, proving: provingOf(owner), code });
  return { id: credentialId, method, to: phone ?? user.email!, expires_in: factorCodeFor / 1000 };
}

/** Whether somebody could add one now, as far as the tenant is concerned. */
export function mayAddSent(
  deps: Pick<Deps, 'channels'>,
  tenant: Tenant,
  method: SentMethod,
  enrolled: readonly SecondFactorMethod[],
): boolean {
  const isOn = tenant.settings.mfa !== 'off' && maySend(method, enrolled, sentRules(deps, tenant));
  return isOn && !enrolled.includes(method);
}

function assertMaySend(deps: Deps, tenant: Tenant, method: SentMethod, enrolled: readonly SecondFactorMethod[]): void {
  const rules = sentRules(deps, tenant);
  if (rules[method] === 'off') throw new Refusal('second_factors_off', 'Codes of this kind are not sent here.');
  if (!maySend(method, enrolled, rules))
    throw new Refusal('conflict', 'Codes that are sent stand beside an authenticator application only: add one first.');
}

/** What waits for its code; undefined when nothing does. */
export async function waitingSentFactor(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
): Promise<Omit<NewSentFactor, 'expires_in'> | undefined> {
  const sent = await waitingCode(deps, context, provingOf(owner));
  return sent && { id: sent.credentialId, method: sent.method, to: addressOf(owner.user, sent) };
}

/**
 * The first code adds it.
 * @throws Refusal not_found when nothing waits for a code; wrong_code, too_many_attempts; as {@link addProvenFactor}.
 */
export async function confirmSentFactor(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
  given: { method: SentMethod; code: string; id?: string | undefined; endOthers: boolean },
): Promise<AddedFactor> {
  const { tenant, now } = context;
  const { user, by } = owner;
  assertMayAdd(tenant, user);
  const proving = provingOf(owner);
  const waiting = await waitingCode(deps, context, proving);
  if (!waiting || waiting.method !== given.method || (given.id !== undefined && given.id !== waiting.credentialId))
    throw nothingBegun();
  // A code that was sent for whoever types it: nobody's guesses at others keep a person from adding a factor.
  const account = { identifier: user.username, userId: user.id, knownBrowser: `enrolment ${beganBy(by)}` };
  const reserved = await reserveFactorAttempt(deps, context, 'code', account);
  const right = await matchingSentCode(deps, context, { user, proving, code: given.code });
  if (!right) {
    await recordFailure(deps, context, {
      factor: 'code',
      userId: user.id,
      attempts: reserved.attempts,
      reason: 'wrong code',
    });
    throw wrongCode();
  }
  const { credentialId: id, method, adds } = right.sent;
  const acting = actingAs(context, 'user', user.id);
  return deps.db.transaction(async (tx) => {
    const added = await addProvenFactor(deps, tx, acting, owner, {
      id,
      method,
      most,
      step: undefined,
      codeHash: right.hash,
      reserved,
      endOthers: given.endOthers,
      insert: async () => {
        // Whoever came second, or whose address or rules changed meanwhile, finds nothing that waits.
        const still = await findSentCode(tx, tenant.id, right.hash, now);
        const enrolled = (await secondFactorsOf(tx, tenant.id, user.id)).map((factor) => factor.method);
        if (still?.sent.credentialId !== id || !maySend(method, enrolled, sentRules(deps, tenant))) return false;
        if (method === 'email' && (await findUser(tx, tenant.id, user.id))?.email !== user.email) return false;
        const factor = { id, userId: user.id, method, name: adds?.name, phone: adds?.phone };
        await insertSentFactor(tx, tenant.id, factor, now);
        return true;
      },
    });
    await codeCameBack(tx, context, { user, phone: adds?.phone, sent: right.sent });
    return added;
  });
}

/** Whether the sign-in began with what was mailed: whoever comes by the mailbox once would come by it twice. */
export function cameByMail({ amr }: Authentication): boolean {
  return isByMail(firstFactorIn(amr));
}

function isSignedInByMail(by: Right): boolean {
  if (by.kind === 'token') return cameByMail(by.grant.authentication);
  return by.kind === 'browser' && cameByMail(by.session.authentication);
}

/** One at a time for each sign-in, as of authenticator applications. */
function provingOf({ user, by }: Owner): Proving {
  return { kind: 'enrolment', id: `${user.id} ${by.kind} ${beganBy(by)}` };
}

function addressOf(user: Pick<User, 'email'>, { adds }: SentCode): string {
  return adds?.phone ?? user.email ?? '';
}
