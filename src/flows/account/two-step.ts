// Two-step verification on the account pages: what there is, and an authenticator application added.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import type { SecondFactorMethod, SentMethod } from '../../domain/factors.ts';
import { type FactorList, listed, mustStay } from '../second-factors/remove.ts';
import { beginTotp, confirmTotp, type NewTotp, waitingTotp } from '../second-factors/totp.ts';
import { provableNow } from '../sign-in/provable.ts';
import { byBrowser } from './browser.ts';
import { confirmForBrowser, type FirstCode, type FirstCodeOutcome } from './confirm-factor.ts';
import { freshPerson, freshSender, type Person, personOf, type ProofFirst } from './fresh.ts';
import { addableSent } from './sent-factor.ts';

export type TwoStepView = {
  readonly person: Person;
  readonly list: FactorList;
  /** The ids of those without which there would be none where there must be one. */
  readonly mustStay: readonly string[];
  /** What can be proven with now. */
  readonly usable: readonly SecondFactorMethod[];
  /** Those whose codes are sent that could be added. */
  readonly addable: readonly SentMethod[];
};

/** @returns undefined when nobody is signed in. */
export async function viewTwoStep(
  deps: Deps,
  context: RequestContext,
  cookie: string | undefined,
): Promise<TwoStepView | undefined> {
  const person = await personOf(deps, context, cookie);
  if (!person) return undefined;
  const list = listed(person.secondFactors);
  const { tenant } = context;
  const { user, secondFactors } = person;
  const methods = secondFactors.map(({ method }) => method);
  return {
    person,
    list,
    mustStay: list.factors.map(({ id }) => id).filter((id) => mustStay(deps, tenant, user, secondFactors, id)),
    usable: provableNow(deps, tenant, { secondFactors: methods }, undefined),
    addable: addableSent(deps, context, person),
  };
}

const change = { kind: 'add factor' } as const;

/** Whoever may add a factor now. */
export function mayAddFactor(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
): Promise<Person | ProofFirst | 'nobody'> {
  return freshPerson(deps, context, { cookies, change });
}

/** @throws Refusal second_factors_off, conflict. */
export async function beginFactor(
  deps: Deps,
  context: RequestContext,
  input: { cookies: BrowserCookies; formToken: string | undefined; name: string | undefined },
): Promise<'begun' | ProofFirst | 'nobody' | 'foreign form'> {
  const person = await freshSender(deps, context, { ...input, change });
  if (typeof person === 'string' || person.kind === 'prove first') return person;
  await beginTotp(deps, context, byBrowser(deps, context, person).owner, input.name);
  return 'begun';
}

/** The secret to be scanned or typed, as long as its first code is waited for. @throws Refusal second_factors_off. */
export async function viewNewFactor(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
): Promise<
  | { readonly kind: 'new factor'; readonly person: Person; readonly totp: NewTotp }
  | ProofFirst
  | 'nobody'
  | 'nothing begun'
> {
  const person = await mayAddFactor(deps, context, cookies);
  if (person === 'nobody' || person.kind === 'prove first') return person;
  const totp = await waitingTotp(deps, context, byBrowser(deps, context, person).owner);
  return totp ? { kind: 'new factor', person, totp } : 'nothing begun';
}

/** @throws Refusal as {@link confirmTotp}. */
export function confirmFactor(deps: Deps, context: RequestContext, input: FirstCode): Promise<FirstCodeOutcome> {
  return confirmForBrowser(deps, context, { ...input, change }, (owner, given) =>
    confirmTotp(deps, context, owner, given),
  );
}
