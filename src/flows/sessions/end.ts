// Sessions ended by administrators, one or all of a user; and all but their own by their person. Grants that live as long as a session end with it.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Session } from '../../domain/session.ts';
import type { User } from '../../domain/user.ts';
import { lastingOf, shownSession } from '../../schemas/session.ts';
import type { Db } from '../../storage/database.ts';
import { endSession } from '../../storage/sessions.ts';
import { endSessionsOf, findLivingSession, type ListedSession } from '../../storage/tenant-sessions.ts';
import { lockUser } from '../../storage/users.ts';
import { assertMatches } from '../precondition.ts';
import { eventOf, record } from '../events.ts';
import { userById } from '../users/change.ts';
import { findNamedUser, lockReachableUser } from '../users/find.ts';
import { noSuchSession, sessionById } from './list.ts';

/** @throws Refusal not_found when it is unknown or has ended; forbidden. */
export async function endNamedSession(deps: Deps, context: RequestContext, id: string): Promise<ListedSession> {
  return endOne(deps, context, id, () => {});
}

/** The same of one that was read. @throws Refusal precondition_required, precondition_failed besides. */
export async function endReadSession(
  deps: Deps,
  context: RequestContext,
  id: string,
  { ifMatch }: { readonly ifMatch: string | undefined },
): Promise<void> {
  await endOne(deps, context, id, (session) => assertMatches(ifMatch, lastingOf(shownSession(session))));
}

/** `assertIsMeant` sees it as it is once nobody else changes its user. */
async function endOne(
  deps: Deps,
  context: RequestContext,
  id: string,
  assertIsMeant: (session: ListedSession) => void,
): Promise<ListedSession> {
  const { tenant, now } = context;
  const { userId, username } = await sessionById(deps, context, id);
  return deps.db.transaction(async (tx) => {
    await lockReachableUser(tx, context, userId, username);
    const session = await findLivingSession(tx, tenant.id, id, now);
    if (!session) throw noSuchSession(id);
    assertIsMeant(session);
    if (!(await endSession(tx, tenant.id, session, 'by_admin', eventOf(deps, context)))) throw noSuchSession(id);
    return session;
  });
}

/** @returns the ids of the sessions that ended. @throws Refusal not_found for the user; forbidden. */
export async function endSessionsOfUser(
  deps: Deps,
  context: RequestContext,
  named: string,
): Promise<{ user: User; sessions: readonly string[] }> {
  const user = await findNamedUser(deps, context, named);
  return { user, sessions: await endAllOf(deps, context, user) };
}

/** The same of a person, by their id only. @throws Refusal not_found, forbidden. */
export async function endSessionsOfPerson(deps: Deps, context: RequestContext, id: string): Promise<void> {
  await endAllOf(deps, context, await userById(deps, context, id, 'person'));
}

async function endAllOf(deps: Deps, context: RequestContext, { id, username }: User): Promise<readonly string[]> {
  return deps.db.transaction(async (tx) => {
    await lockReachableUser(tx, context, id, username);
    return endAndRecord(deps, tx, context, { userId: id, kept: undefined }, 'by_admin');
  });
}

/**
 * What a person does from the session `kept`: all others end. @returns undefined when it has ended itself: of two browsers
 * that do it at once, the first stays signed in.
 */
export async function endOtherSessions(
  deps: Deps,
  context: RequestContext,
  kept: Session,
): Promise<readonly string[] | undefined> {
  const { tenant, now } = context;
  const { id, userId } = kept;
  return deps.db.transaction(async (tx) => {
    await lockUser(tx, tenant.id, userId);
    if (!(await findLivingSession(tx, tenant.id, id, now))) return undefined;
    return endAndRecord(deps, tx, context, { userId, kept: id }, 'by_user');
  });
}

async function endAndRecord(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  which: { userId: string; kept: string | undefined },
  reason: 'by_admin' | 'by_user',
): Promise<readonly string[]> {
  const ended = await endSessionsOf(tx, context.tenant.id, which, reason, context.now);
  for (const sessionId of ended)
    await record(deps, tx, context, {
      type: 'session.ended',
      userId: which.userId,
      sessionId,
      data: { reason },
    });
  return ended;
}
