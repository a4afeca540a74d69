// People by the beginning of what they are called: read in the order of an index, so that a page costs what it shows.
import { sql } from 'kysely';
import type { User } from '../domain/user.ts';
import type { Db } from './database.ts';
import { type Part, statement } from './statement.ts';
import { toUser, userColumns } from './user-rows.ts';

/** By what people are found, in this order: who is found by one is not found again by a later one. */
export const searchedBy = ['username', 'email', 'name'] as const;
export type SearchedBy = (typeof searchedBy)[number];

/** Compared by bytes, as the indexes are, whatever the database's own order. */
const keys: Readonly<Record<SearchedBy, Part>> = {
  username: sql`u.username_key COLLATE "C"`,
  email: sql`u.email_key COLLATE "C"`,
  name: sql`lower(u.claims->>'name') COLLATE "C"`,
};

const asked = {
  tenantId: 'uuid',
  kind: 'text',
  from: 'text',
  to: 'text',
  afterKey: 'text',
  afterId: 'uuid',
  limit: 'integer',
} as const;

const statementFor = (by: SearchedBy, ...earlier: readonly SearchedBy[]) =>
  statement(asked, (q, p) => {
    const key = sql<string>`${keys[by]}`;
    const found = q
      .selectFrom('users as u')
      .select([...userColumns, key.as('key')])
      .where('u.tenant_id', '=', p.tenantId)
      .where('u.kind', '=', p.kind)
      .where(sql<boolean>`(${key}, u.id) > (${p.afterKey}, ${p.afterId})`)
      .where(key, '<', p.to);
    return earlier
      .reduce(
        (rest, other) =>
          rest.where(sql<boolean>`(${keys[other]} >= ${p.from} AND ${keys[other]} < ${p.to}) IS NOT TRUE`),
        found,
      )
      .orderBy(key)
      .orderBy('u.id')
      .limit(p.limit);
  });

const statements: Readonly<Record<SearchedBy, ReturnType<typeof statementFor>>> = {
  // users_by_username_idx
  username: statementFor('username'),
  // users_by_email_idx
  email: statementFor('email', 'username'),
  // users_by_name_idx
  name: statementFor('name', 'username', 'email'),
};

/** Where a page ended. */
export type UserPlace = { readonly by: SearchedBy; readonly key: string; readonly id: string };

/** Behind every text: as bytes, no other begins higher. */
const behindAll = '\u{10ffff}';
const beforeAll = '00000000-0000-0000-0000-000000000000';

/**
 * Up to `limit` users of a kind whose key begins with `prefix`, those behind `after`, in the order of the keys. The prefix is in
 * the form of a key: lower case, as `identifierKey` makes it.
 */
export async function searchUsers(
  db: Db,
  tenantId: string,
  asked: {
    readonly kind: User['kind'];
    readonly by: SearchedBy;
    readonly prefix: string;
    readonly after: { readonly key: string; readonly id: string } | undefined;
    readonly limit: number;
  },
): Promise<{ user: User; place: UserPlace }[]> {
  const { kind, by, prefix, after, limit } = asked;
  const rows = await statements[by].all(db, {
    tenantId,
    kind,
    from: prefix,
    to: `${prefix}${behindAll}`,
    afterKey: after?.key ?? prefix,
    afterId: after?.id ?? beforeAll,
    limit,
  });
  return rows.map((row) => ({ user: toUser(row), place: { by, key: row.key, id: row.id } }));
}
