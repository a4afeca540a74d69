// Pages of people for administrators, by the beginning of a username, an e-mail address or a name.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { identifierKey, type User, type UserKind } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import { cursorOf, noCursor, type Paged, placeIn } from '../cursor.ts';
import { searchedBy, searchUsers, type UserPlace } from '../../storage/user-search.ts';

/**
 * In a stable order: by username, then whoever else is found by their address, then by their name. One statement a page, three
 * at its end. @throws Refusal invalid_input for a cursor that is none.
 */
export async function searchPeople(
  deps: Deps,
  { tenant }: RequestContext,
  {
    kind = 'person',
    search = '',
    cursor,
    limit,
  }: {
    readonly kind?: UserKind;
    readonly search?: string | undefined;
    readonly cursor?: string | undefined;
    readonly limit: number;
  },
): Promise<Paged<User>> {
  const after = userPlace(cursor);
  const prefix = identifierKey(search);
  // Everybody has a username, which begins with nothing.
  const ways = prefix === '' ? searchedBy.slice(0, 1) : searchedBy.slice(after ? searchedBy.indexOf(after.by) : 0);
  const found: Awaited<ReturnType<typeof searchUsers>> = [];
  for (const by of ways) {
    const missing = limit + 1 - found.length;
    if (missing === 0) break;
    const behind = after?.by === by ? after : undefined;
    found.push(...(await searchUsers(deps.db, tenant.id, { kind, by, prefix, after: behind, limit: missing })));
  }
  const shown = found.slice(0, limit);
  return {
    items: shown.map(({ user }) => user),
    cursor: found.length > limit ? cursorOf(partsOf(shown.at(-1)!.place)) : undefined,
  };
}

function partsOf({ by, key, id }: UserPlace): readonly string[] {
  return [by, key, id];
}

function userPlace(cursor: string | undefined): UserPlace | undefined {
  const place = placeIn(cursor, 3);
  if (!place) return undefined;
  const [said, key, id] = place as [string, string, string];
  const by = searchedBy.find((one) => one === said);
  if (!by || !isUuid(id)) throw noCursor();
  return { by, key, id };
}
