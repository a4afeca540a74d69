// The living sessions of a tenant, for administrators.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import { isUuid } from '../../domain/uuid.ts';
import { findLivingSession, type ListedSession, listLivingSessions } from '../../storage/tenant-sessions.ts';
import { cursorOf, noCursor, type Paged, placeIn } from '../cursor.ts';
import { findNamedUser } from '../users/find.ts';

export type { ListedSession };

/** Newest first, those that began before the session `after`; of one user, or of all. @throws Refusal not_found for the user. */
export async function listTenantSessions(
  deps: Deps,
  context: RequestContext,
  { user, after, limit }: { user?: string | undefined; after?: string | undefined; limit: number },
): Promise<Page<ListedSession>> {
  if (after !== undefined && !isUuid(after)) throw noSuchSession(after);
  const userId = user === undefined ? undefined : (await findNamedUser(deps, context, user)).id;
  return pageBehind(deps, context, { userId, after, limit });
}

/** The same by the user's id, with a cursor. @throws Refusal invalid_input for one that is none. */
export async function listSessionsByCursor(
  deps: Deps,
  context: RequestContext,
  {
    userId,
    cursor,
    limit,
  }: { readonly userId: string | undefined; readonly cursor: string | undefined; readonly limit: number },
): Promise<Paged<ListedSession>> {
  const after = placeIn(cursor, 1)?.[0];
  if (after !== undefined && !isUuid(after)) throw noCursor();
  const { items, more } = await pageBehind(deps, context, { userId, after, limit });
  return { items, cursor: more ? cursorOf([items.at(-1)!.id]) : undefined };
}

async function pageBehind(
  deps: Deps,
  { tenant, now }: RequestContext,
  { limit, ...which }: { userId: string | undefined; after: string | undefined; limit: number },
): Promise<Page<ListedSession>> {
  return firstPage(await listLivingSessions(deps.db, tenant.id, { ...which, limit: limit + 1 }, now), limit);
}

/** @throws Refusal not_found when it is unknown or has ended. */
export async function sessionById(deps: Deps, { tenant, now }: RequestContext, id: string): Promise<ListedSession> {
  const session = isUuid(id) ? await findLivingSession(deps.db, tenant.id, id, now) : undefined;
  if (!session) throw noSuchSession(id);
  return session;
}

export function noSuchSession(id: string): Refusal {
  return new Refusal('not_found', `There is no session ${id}, or it has ended.`);
}
