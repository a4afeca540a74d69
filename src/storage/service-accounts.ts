// Service accounts as lists show them, with what is known of their keys.
import { sql } from 'kysely';
import { identifierKey, type User } from '../domain/user.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';
import { toUser, type UserRow } from './user-rows.ts';

// users_service_idx, credentials_user_idx: read from `after` on, in its order, until the page is full.
const page = statement(
  { tenantId: 'uuid', after: 'text', limit: 'integer', now: 'timestamptz' },
  (_q, p) =>
    sql<
      UserRow & { keys: number; last_used_at: number | null }
    >`SELECT u.id, u.kind, u.username, u.email, u.email_verified,
        u.claims, u.roles, u.admin_roles, u.groups, u.disabled_at, u.updated_at, k.keys, k.last_used_at
      FROM users u CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE c.expires_at IS NULL OR c.expires_at > ${p.now}) AS keys, max(c.last_used_at) AS last_used_at
        FROM credentials c WHERE c.tenant_id = u.tenant_id AND c.user_id = u.id AND c.kind = 'key'
      ) k
      WHERE u.tenant_id = ${p.tenantId} AND u.kind = 'service' AND u.username_key > ${p.after}
      ORDER BY u.username_key LIMIT ${p.limit}`,
);

export type ListedService = {
  readonly user: User;
  /** How many have not expired. */
  readonly keys: number;
  /** Milliseconds; of the key that was used last. */
  readonly lastUsedAt: number | undefined;
};

/** Up to `limit` by name, those behind the name `after`. */
export async function listServices(
  db: Db,
  tenantId: string,
  { after, limit }: { after: string; limit: number },
  now: number,
): Promise<ListedService[]> {
  const rows = await page.all(db, { tenantId, after: identifierKey(after), limit, now });
  return rows.map((row) => ({ user: toUser(row), keys: row.keys, lastUsedAt: row.last_used_at ?? undefined }));
}
