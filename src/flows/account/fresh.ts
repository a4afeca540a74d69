// Who is signed in in this browser, and proved it not long ago: what changes of an account ask for.
import type { Deps } from '../../deps.ts';
import type { AccountChange } from '../../domain/account-change.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { mfaPolicyFor, ownDemand, reaches } from '../../domain/factors.ts';
import { isFreshlyProven, type Session } from '../../domain/session.ts';
import { shortened } from '../../domain/text.ts';
import type { User } from '../../domain/user.ts';
import { type SecondFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { findUser } from '../../storage/users.ts';
import { openAttempt } from '../sign-in/attempt.ts';
import { formToken, isFormToken, livingSession } from '../sign-in/session.ts';

/** A sign-in that leads to what was to be changed. `browser` is a new cookie to set. */
export type ProofFirst = {
  readonly kind: 'prove first';
  readonly attemptId: string;
  readonly browser: string | undefined;
};

export type Person = {
  readonly kind: 'person';
  readonly user: User;
  readonly session: Session;
  readonly secondFactors: readonly SecondFactor[];
  readonly formToken: string;
};

/** Whoever is signed in. */
export async function personOf(
  deps: Deps,
  context: RequestContext,
  cookie: string | undefined,
): Promise<Person | undefined> {
  const session = await livingSession(deps, context, cookie);
  if (!session) return undefined;
  const [user, secondFactors] = await Promise.all([
    findUser(deps.db, context.tenant.id, session.userId),
    secondFactorsOf(deps.db, context.tenant.id, session.userId),
  ]);
  return user && { kind: 'person', user, session, secondFactors, formToken: formToken(deps, session) };
}

/**
 * The same, unless it is too long ago that they proved who they are, with a second factor if they have one (OWASP ASVS
 * 7.5.2). Whoever ends their own session signs out: that is never kept from anybody.
 */
export async function freshPerson(
  deps: Deps,
  context: RequestContext,
  { cookies, change }: { cookies: BrowserCookies; change: AccountChange },
): Promise<Person | ProofFirst | 'nobody'> {
  const person = await personOf(deps, context, cookies.session);
  return person ? orAsk(deps, context, person, cookies, change) : 'nobody';
}

/** The same for what changes something: it must be a form of this very session. */
export async function freshSender(
  deps: Deps,
  context: RequestContext,
  {
    cookies,
    change,
    formToken: given,
  }: { cookies: BrowserCookies; change: AccountChange; formToken: string | undefined },
): Promise<Person | ProofFirst | 'nobody' | 'foreign form'> {
  const person = await personOf(deps, context, cookies.session);
  if (!person) return 'nobody';
  return isFormToken(deps, person.session, given) ? orAsk(deps, context, person, cookies, change) : 'foreign form';
}

function orAsk(
  deps: Deps,
  context: RequestContext,
  person: Person,
  cookies: BrowserCookies,
  change: AccountChange,
): Person | ProofFirst {
  const isSignOut = change.kind === 'end session' && change.sessionId === person.session.id;
  return isSignOut || isProven(person, context, change) ? person : askFor(deps, context, person, cookies, change);
}

function isProven({ session, user, secondFactors }: Person, { tenant, now }: RequestContext, change: AccountChange) {
  const enrolled = secondFactors.map(({ method }) => method);
  const policy = addsFactor(change) ? 'optional' : mfaPolicyFor(tenant.settings, user.adminRoles);
  return isFreshlyProven(session, now) && reaches(session.authentication.acr, ownDemand(enrolled, policy));
}

/** Whoever must have a factor and has none may add one. */
function addsFactor({ kind }: AccountChange): boolean {
  return kind === 'add factor' || kind === 'add phone' || kind === 'add email factor';
}

function askFor(
  deps: Deps,
  context: RequestContext,
  { session }: Person,
  { browser: known }: BrowserCookies,
  change: AccountChange,
): ProofFirst {
  const accountChange = { userId: session.userId, change: withinReason(change) };
  const { attempt, browser } = openAttempt(deps, context, { request: undefined, accountChange, browser: known });
  return { kind: 'prove first', attemptId: attempt.id, browser };
}

/** What stands for nothing of ours is not carried along. */
function withinReason(change: AccountChange): AccountChange {
  switch (change.kind) {
    case 'revoke consent':
      return { ...change, clientId: shortened(change.clientId, 255) };
    case 'revoke scope':
      return { ...change, clientId: shortened(change.clientId, 255), scope: shortened(change.scope, 255) };
    case 'end session':
      return { ...change, sessionId: shortened(change.sessionId, 36) };
    case 'remove factor':
      return { ...change, factorId: shortened(change.factorId, 36) };
    case 'make recovery codes':
      return { kind: change.kind };
    case 'end other sessions':
    case 'change password':
    case 'change email':
    case 'add factor':
    case 'add phone':
    case 'add email factor':
      return change;
  }
}
