// Sessions ended by administrators, one or all of a user; and all but their own by their person. Grants that live as long as a session end with it.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Session } from '../../domain/session.ts';
import type { User } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import type { Db } from '../../storage/database.ts';
import { endSession } from '../../storage/sessions.ts';
import { endSessionsOf, findLivingSession, type ListedSession } from '../../storage/tenant-sessions.ts';
import { lockUser } from '../../storage/users.ts';
import { eventOf, record } from '../events.ts';
import { findNamedUser } from '../users/find.ts';
import { noSuchSession } from './list.ts';

/** @throws Refusal not_found when it is unknown or has ended. */
export async function endNamedSession(deps: Deps, context: RequestContext, id: string): Promise<ListedSession> {
  const { tenant, now } = context;
  const session = isUuid(id) ? await findLivingSession(deps.db, tenant.id, id, now) : undefined;
  if (!session || !(await endSession(deps.db, tenant.id, session, 'by_admin', eventOf(deps, context))))
    throw noSuchSession(id);
  return session;
}

/** @returns the ids of the sessions that ended. @throws Refusal not_found for the user. */
export async function endSessionsOfUser(
  deps: Deps,
  context: RequestContext,
  named: string,
): Promise<{ user: User; sessions: readonly string[] }> {
  const user = await findNamedUser(deps, context, named);
  const sessions = await deps.db.transaction((tx) =>
    endAndRecord(deps, tx, context, { userId: user.id, kept: undefined }, 'by_admin'),
  );
  return { user, sessions };
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
