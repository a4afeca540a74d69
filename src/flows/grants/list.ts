// The grants of a tenant, for administrators.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage } from '../../domain/page.ts';
import { isUuid } from '../../domain/uuid.ts';
import { findListedGrant, type ListedGrant, listLivingGrants } from '../../storage/grant-search.ts';
import { cursorOf, noCursor, type Paged, placeIn } from '../cursor.ts';

/**
 * Those that live, newest first; of a user, of a client, of both, or of all.
 * @throws Refusal invalid_input for a cursor that is none.
 */
export async function listGrants(
  deps: Deps,
  { tenant, now }: RequestContext,
  {
    userId,
    clientId,
    cursor,
    limit,
  }: {
    readonly userId?: string | undefined;
    readonly clientId?: string | undefined;
    readonly cursor: string | undefined;
    readonly limit: number;
  },
): Promise<Paged<ListedGrant>> {
  const after = placeIn(cursor, 1)?.[0];
  if (after !== undefined && !isUuid(after)) throw noCursor();
  const rows = await listLivingGrants(deps.db, tenant.id, { userId, clientId, after, limit: limit + 1 }, now);
  const { items, more } = firstPage(rows, limit);
  return { items, cursor: more ? cursorOf([items.at(-1)!.id]) : undefined };
}

/** Also one that has ended, as long as it is kept. @throws Refusal not_found. */
export async function grantById(deps: Deps, { tenant, now }: RequestContext, id: string): Promise<ListedGrant> {
  const grant = isUuid(id) ? await findListedGrant(deps.db, tenant.id, id, now) : undefined;
  if (!grant) throw noSuchGrant(id);
  return grant;
}

export function noSuchGrant(id: string): Refusal {
  return new Refusal('not_found', `There is no grant ${id}, or it has ended.`);
}
