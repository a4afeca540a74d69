// A telephone number, or codes by mail, added on the account pages.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import type { SentMethod } from '../../domain/factors.ts';
import {
  beginSentFactor,
  cameByMail,
  confirmSentFactor,
  mayAddSent,
  type NewSentFactor,
  waitingSentFactor,
} from '../second-factors/sent.ts';
import { byBrowser } from './browser.ts';
import { confirmForBrowser, type FirstCode, type FirstCodeOutcome } from './confirm-factor.ts';
import { freshPerson, freshSender, type Person, type ProofFirst } from './fresh.ts';

/** What each is as a change that a proof comes before. */
const changes = { sms: { kind: 'add phone' }, email: { kind: 'add email factor' } } as const;

/** Those that this person could add now. */
export function addableSent(
  deps: Deps,
  { tenant }: RequestContext,
  { secondFactors, user, session }: Person,
): SentMethod[] {
  const enrolled = secondFactors.map(({ method }) => method);
  const isMailApart = user.email !== undefined && !cameByMail(session.authentication);
  const methods: readonly SentMethod[] = isMailApart ? ['sms', 'email'] : ['sms'];
  return methods.filter((method) => mayAddSent(deps, tenant, method, enrolled));
}

/** Whoever may add it now; 'not here' where nobody can, or they have one. */
export async function mayAddSentFactor(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
  method: SentMethod,
): Promise<Person | ProofFirst | 'nobody' | 'not here'> {
  const person = await freshPerson(deps, context, { cookies, change: changes[method] });
  if (person === 'nobody' || person.kind === 'prove first') return person;
  return addableSent(deps, context, person).includes(method) ? person : 'not here';
}

/** @throws Refusal as {@link beginSentFactor}. */
export async function beginSent(
  deps: Deps,
  context: RequestContext,
  input: {
    cookies: BrowserCookies;
    formToken: string | undefined;
    method: SentMethod;
    phone: string | undefined;
  },
): Promise<'begun' | ProofFirst | 'nobody' | 'foreign form'> {
  const { method, phone } = input;
  const person = await freshSender(deps, context, { ...input, change: changes[method] });
  if (typeof person === 'string' || person.kind === 'prove first') return person;
  await beginSentFactor(deps, context, byBrowser(deps, context, person).owner, { method, phone });
  return 'begun';
}

/** Where the code went that is waited for. */
export async function viewSent(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
  method: SentMethod,
): Promise<
  | { readonly kind: 'sent'; readonly person: Person; readonly factor: Omit<NewSentFactor, 'expires_in'> }
  | ProofFirst
  | 'nobody'
  | 'nothing begun'
> {
  const person = await freshPerson(deps, context, { cookies, change: changes[method] });
  if (person === 'nobody' || person.kind === 'prove first') return person;
  const factor = await waitingSent(deps, context, person, method);
  return factor ? { kind: 'sent', person, factor } : 'nothing begun';
}

/** The same for whoever was let in already; undefined when nothing is waited for. */
export async function waitingSent(
  deps: Deps,
  context: RequestContext,
  person: Person,
  method: SentMethod,
): Promise<Omit<NewSentFactor, 'expires_in'> | undefined> {
  const factor = await waitingSentFactor(deps, context, byBrowser(deps, context, person).owner);
  return factor?.method === method ? factor : undefined;
}

/** @throws Refusal as {@link confirmSentFactor}. */
export function confirmSent(
  deps: Deps,
  context: RequestContext,
  method: SentMethod,
  input: FirstCode,
): Promise<FirstCodeOutcome> {
  return confirmForBrowser(deps, context, { ...input, change: changes[method] }, (owner, given) =>
    confirmSentFactor(deps, context, owner, { method, ...given }),
  );
}
