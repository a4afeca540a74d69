// Pages of people for administrators, by the beginning of a username, an e-mail address or a name.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import { identifierKey, type User, type UserKind } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import { searchedBy, searchUsers, type UserPlace } from '../../storage/user-search.ts';

/** `cursor`: where the next page begins; undefined on the last one. */
export type Paged<T> = { readonly items: readonly T[]; readonly cursor: string | undefined };

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
  const after = cursor === undefined ? undefined : placeIn(cursor);
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
    cursor: found.length > limit ? cursorOf(shown.at(-1)!.place) : undefined,
  };
}

function cursorOf({ by, key, id }: UserPlace): string {
  return Buffer.from(JSON.stringify([by, key, id])).toString('base64url');
}

function placeIn(cursor: string): UserPlace {
  try {
    const [by, key, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const way = searchedBy.find((one) => one === by);
    if (way && typeof key === 'string' && typeof id === 'string' && isUuid(id) && !key.includes('\u0000'))
      return { by: way, key, id };
  } catch {
    // What is no JSON is no cursor either.
  }
  throw invalidInput([{ path: ['cursor'], problem: 'is not one that an answer gave' }]);
}
