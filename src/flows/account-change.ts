// Ending something on the account page: by its person only, who proved not long ago who they are.
import type { Deps } from '../deps.ts';
import { type AccountChange, waitingFor } from '../domain/account-change.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../domain/context.ts';
import { isFreshlyProven, type Session } from '../domain/session.ts';
import { isUuid } from '../domain/uuid.ts';
import { revokeConsent } from '../storage/consents.ts';
import { countOtherSessions, endSession } from '../storage/sessions.ts';
import { type AccountView, viewAccount } from './account.ts';
import { eventOf } from './events.ts';
import { endOtherSessions } from './sessions/end.ts';
import { attemptOf, openAttempt } from './sign-in/attempt.ts';
import { isFormToken, livingSession } from './sign-in/session.ts';

/** A sign-in that leads to the confirmation of what was to be ended. `browser` is a new cookie to set. */
export type ProofFirst = {
  readonly kind: 'prove first';
  readonly attemptId: string;
  readonly browser: string | undefined;
};

export type Confirmation = {
  readonly kind: 'confirm';
  readonly account: AccountView;
  /** How many sessions there are beside this browser's. */
  readonly others: number;
};

/** What the page shows that asks once more; of a change that ends nothing, 'nothing to end'. */
export async function viewConfirmation(
  deps: Deps,
  context: RequestContext,
  { cookies, change }: { cookies: BrowserCookies; change: AccountChange },
): Promise<Confirmation | ProofFirst | 'nobody' | 'nothing to end'> {
  const account = await viewAccount(deps, context, cookies.session);
  if (!account) return 'nobody';
  if (!endsSomething(account, change)) return 'nothing to end';
  if (needsProof(account.session, change, context.now)) return askFor(deps, context, account.session, cookies, change);
  const { session } = account;
  return {
    kind: 'confirm',
    account,
    others: await countOtherSessions(deps.db, context.tenant.id, session, context.now),
  };
}

/**
 * Takes back what the signed-in person allowed a client, or ends sessions of theirs. Nothing is done without a fresh proof
 * (OWASP ASVS 7.5.2). @returns what to do when it may not be done.
 */
export async function changeAccount(
  deps: Deps,
  context: RequestContext,
  input: { cookies: BrowserCookies; formToken: string | undefined; change: AccountChange },
): Promise<'done' | ProofFirst | 'nobody' | 'foreign form'> {
  const { cookies, change } = input;
  const session = await livingSession(deps, context, cookies.session);
  if (!session) return 'nobody';
  if (!isFormToken(deps, session, input.formToken)) return 'foreign form';
  if (needsProof(session, change, context.now)) return askFor(deps, context, session, cookies, change);
  const acting = actingAs(context, 'user', session.userId);
  switch (change.kind) {
    case 'revoke consent':
      await revokeConsent(deps.db, context.tenant.id, session.userId, change.clientId, eventOf(deps, acting));
      return 'done';
    case 'end session': {
      const { sessionId: id } = change;
      const { userId } = session;
      if (isUuid(id)) await endSession(deps.db, context.tenant.id, { id, userId }, 'by_user', eventOf(deps, acting));
      return 'done';
    }
    case 'end other sessions':
      return (await endOtherSessions(deps, acting, session)) ? 'done' : 'nobody';
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
  return session && isFreshlyProven(session, context.now) ? waitingFor(accountChange, session.userId) : undefined;
}

/** Whoever ends their own session signs out: that is never kept from anybody. */
function needsProof(session: Session, change: AccountChange, now: number): boolean {
  if (change.kind === 'end session' && change.sessionId === session.id) return false;
  return !isFreshlyProven(session, now);
}

function askFor(
  deps: Deps,
  context: RequestContext,
  session: Session,
  { browser: known }: BrowserCookies,
  change: AccountChange,
): ProofFirst {
  const accountChange = { userId: session.userId, change: withinReason(change) };
  const { attempt, browser } = openAttempt(deps, context, { request: undefined, accountChange, browser: known });
  return { kind: 'prove first', attemptId: attempt.id, browser };
}

/** What stands for nothing of ours is not carried along. */
function withinReason(change: AccountChange): AccountChange {
  if (change.kind === 'revoke consent') return { ...change, clientId: change.clientId.slice(0, 255) };
  return change.kind === 'end session' ? { ...change, sessionId: change.sessionId.slice(0, 36) } : change;
}

function endsSomething({ session, sessions, consents }: AccountView, change: AccountChange): boolean {
  switch (change.kind) {
    case 'revoke consent':
      return consents.some(({ clientId }) => clientId === change.clientId);
    case 'end session':
      return sessions.some(({ id }) => id === change.sessionId && id !== session.id);
    case 'end other sessions':
      return sessions.some(({ id }) => id !== session.id);
  }
}
