// People as lists show them: a page at a time, in the order of their names, searched.
import { sql } from 'kysely';
import { identifierKey, type User } from '../domain/user.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';
import { toUser, userColumns } from './user-rows.ts';

// users_username_idx: read from `after` on, in its order, until the page is full. Service accounts are passed over.
const page = statement({ tenantId: 'uuid', after: 'text', limit: 'integer' }, (q, p) =>
  q
    .selectFrom('users as u')
    .select(userColumns)
    .where('u.tenant_id', '=', p.tenantId)
    .where('u.kind', '=', sql.lit('person'))
    .where('u.username_key', '>', p.after)
    .orderBy('u.username_key')
    .limit(p.limit),
);

// The same; what does not fit is passed over.
const searched = statement(
  { tenantId: 'uuid', after: 'text', ofKey: 'text', ofName: 'text', limit: 'integer' },
  (q, p) => {
    // Names have no key. What lower() knows beyond ASCII is up to the database's locale, so that they fit as typed, too.
    const name = sql<string>`u.claims->>'name'`;
    return q
      .selectFrom('users as u')
      .select(userColumns)
      .where('u.tenant_id', '=', p.tenantId)
      .where('u.kind', '=', sql.lit('person'))
      .where('u.username_key', '>', p.after)
      .where((or) =>
        or.or([
          or('u.username_key', 'like', p.ofKey),
          or('u.email_key', 'like', p.ofKey),
          or(sql<string>`lower(${name})`, 'like', p.ofKey),
          or(name, 'like', p.ofName),
        ]),
      )
      .orderBy('u.username_key')
      .limit(p.limit);
  },
);

/** Up to `limit` people by name, those behind the name `after`. With `search`: whose username, address or name contains it. */
export async function listUsers(
  db: Db,
  tenantId: string,
  { search, after, limit }: { search: string | undefined; after: string; limit: number },
): Promise<User[]> {
  const values = { tenantId, after: identifierKey(after), limit };
  const rows =
    search === undefined
      ? await page.all(db, values)
      : await searched.all(db, { ...values, ofKey: containing(identifierKey(search)), ofName: containing(search) });
  return rows.map(toUser);
}

/** The pattern of LIKE for what has `text` in it, whose signs mean nothing but themselves. */
function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
}
