// Ending something on the account pages: by its person only, who proved not long ago who they are.
import type { Deps } from '../../deps.ts';
import { type AccountChange, type AccountEnding, waitingFor } from '../../domain/account-change.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { isSecondFactor } from '../../domain/factors.ts';
import { isFreshlyProven } from '../../domain/session.ts';
import { isUuid } from '../../domain/uuid.ts';
import { revokeConsent, revokeScope } from '../../storage/consents.ts';
import { countOtherSessions, endSession } from '../../storage/sessions.ts';
import { eventOf } from '../events.ts';
import { renewRecoveryCodes } from '../second-factors/recovery-codes.ts';
import { mustStay, removeFactor } from '../second-factors/remove.ts';
import { endOtherSessions } from '../sessions/end.ts';
import { attemptOf } from '../sign-in/attempt.ts';
import { livingSession } from '../sign-in/session.ts';
import { byBrowser } from './browser.ts';
import { freshPerson, freshSender, type Person, type ProofFirst } from './fresh.ts';
import { type AccountView, takenBack, viewAccount } from './view.ts';

export type Confirmation = {
  readonly kind: 'confirm';
  readonly account: AccountView;
  /** How many sessions there are beside this browser's. */
  readonly others: number;
  readonly person: Person;
};

/** What the page shows that asks once more; of a change that ends nothing, 'nothing to end'. */
export async function viewConfirmation(
  deps: Deps,
  context: RequestContext,
  { cookies, change }: { cookies: BrowserCookies; change: AccountEnding },
): Promise<Confirmation | ProofFirst | 'nobody' | 'nothing to end'> {
  const account = await viewAccount(deps, context, cookies.session);
  if (!account) return 'nobody';
  const person = await freshPerson(deps, context, { cookies, change });
  if (person === 'nobody') return person;
  if (!endsSomething(deps, context, account, person, change)) return 'nothing to end';
  if (person.kind === 'prove first') return person;
  const others = await countOtherSessions(deps.db, context.tenant.id, person.session, context.now);
  return { kind: 'confirm', account, others, person };
}

/** The codes are shown this once. */
export type Changed = 'done' | { readonly kind: 'recovery codes'; readonly codes: readonly string[] };

/**
 * Takes back what the signed-in person allowed a client, ends sessions of theirs, or changes their second factors. Nothing is
 * done without a fresh proof (OWASP ASVS 7.5.2). @returns what to do when it may not be done.
 * @throws Refusal not_found, conflict for a factor that is not there.
 */
export async function changeAccount(
  deps: Deps,
  context: RequestContext,
  input: { cookies: BrowserCookies; formToken: string | undefined; change: AccountEnding },
): Promise<Changed | ProofFirst | 'nobody' | 'foreign form'> {
  const { change } = input;
  const person = await freshSender(deps, context, input);
  if (typeof person === 'string' || person.kind === 'prove first') return person;
  const { session } = person;
  const { tenant } = context;
  const acting = actingAs(context, 'user', session.userId);
  switch (change.kind) {
    case 'revoke consent':
      await revokeConsent(deps.db, tenant.id, session.userId, change.clientId, eventOf(deps, acting));
      return 'done';
    case 'revoke scope':
      await revokeScope(deps.db, tenant.id, session.userId, change, eventOf(deps, acting));
      return 'done';
    case 'end session': {
      const { sessionId: id } = change;
      const { userId } = session;
      if (isUuid(id)) await endSession(deps.db, tenant.id, { id, userId }, 'by_user', eventOf(deps, acting));
      return 'done';
    }
    case 'end other sessions':
      return (await endOtherSessions(deps, acting, session)) ? 'done' : 'nobody';
    case 'remove factor':
      await removeFactor(deps, context, byBrowser(deps, context, person).owner, {
        id: change.factorId,
        again: alreadyProven,
        endOthers: false,
      });
      return 'done';
    case 'make recovery codes':
      // The page was loaded again: those that were just shown, and perhaps printed, stay.
      if (change.insteadOf !== undefined && change.insteadOf !== recoveryCodesOf(person)) return 'done';
      return { kind: 'recovery codes', codes: await renewRecoveryCodes(deps, context, person.user, alreadyProven) };
  }
}

/** What this browser's attempt led to a proof for, once its person has given one, perhaps in another tab. */
export async function provenChange(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string; cookies: BrowserCookies },
): Promise<AccountChange | undefined> {
  const { accountChange } = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  const session = accountChange && (await livingSession(deps, context, input.cookies.session));
  const change = session && isFreshlyProven(session, context.now) && waitingFor(accountChange, session.userId);
  if (!change) return undefined;
  const person = await freshPerson(deps, context, { cookies: input.cookies, change });
  return person !== 'nobody' && person.kind === 'person' ? change : undefined;
}

/** The sign-in was fresh, with every factor that the person has. */
const alreadyProven = () => Promise.resolve();

function endsSomething(
  deps: Deps,
  { tenant }: RequestContext,
  { session, sessions, consents }: AccountView,
  person: Person | ProofFirst,
  change: AccountEnding,
): boolean {
  switch (change.kind) {
    case 'revoke consent':
      return consents.some(({ clientId }) => clientId === change.clientId);
    case 'revoke scope':
      return consents.some((one) => one.clientId === change.clientId && takenBack(one).includes(change.scope));
    case 'end session':
      return sessions.some(({ id }) => id === change.sessionId && id !== session.id);
    case 'end other sessions':
      return sessions.some(({ id }) => id !== session.id);
    // What factors there are is for those who have proven theirs.
    case 'remove factor':
      return (
        person.kind !== 'person' ||
        (namedFactor(person, change.factorId) !== undefined &&
          !mustStay(deps, tenant, person.user, person.secondFactors, change.factorId))
      );
    case 'make recovery codes':
      return person.kind !== 'person' || isSecondFactor(person.secondFactors.map(({ method }) => method));
  }
}

/** Names the making that the person's recovery codes are of; empty when there are none. */
export function recoveryCodesOf({ secondFactors }: Person): string {
  const ids = secondFactors.filter(({ method }) => method === 'recovery_code').map(({ id }) => id);
  return ids.toSorted().at(-1) ?? '';
}

/** One that can be removed by itself. */
export function namedFactor({ secondFactors }: Person, id: string) {
  return secondFactors.find((factor) => factor.id === id && factor.method !== 'recovery_code');
}
