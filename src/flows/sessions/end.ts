// Sessions that administrators end: one, or all of a user. Grants that live as long as a session end with it.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import { endSession } from '../../storage/sessions.ts';
import { endSessionsOf, findLivingSession, type ListedSession } from '../../storage/tenant-sessions.ts';
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
  const { tenant, now } = context;
  const user = await findNamedUser(deps, context, named);
  const sessions = await deps.db.transaction(async (tx) => {
    const ended = await endSessionsOf(tx, tenant.id, user.id, 'by_admin', now);
    for (const sessionId of ended)
      await record(deps, tx, context, {
        type: 'session.ended',
        userId: user.id,
        sessionId,
        data: { reason: 'by_admin' },
      });
    return ended;
  });
  return { user, sessions };
}
