// The living sessions of a tenant, for administrators.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import { isUuid } from '../../domain/uuid.ts';
import { type ListedSession, listLivingSessions } from '../../storage/tenant-sessions.ts';
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
  const asked = { userId, after, limit: limit + 1 };
  return firstPage(await listLivingSessions(deps.db, context.tenant.id, asked, context.now), limit);
}

export function noSuchSession(id: string): Refusal {
  return new Refusal('not_found', `There is no session ${id}, or it has ended.`);
}
