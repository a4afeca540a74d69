// Keys of service accounts: found by their hash and marked as used, made, changed, taken away.
import { sql } from 'kysely';
import type { ServiceKey } from '../domain/service-key.ts';
import { identifierKey, type User } from '../domain/user.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';
import { toUser, type UserRow } from './user-rows.ts';

// credentials_key_idx, users_pkey. The use is written at most once a minute: a busy key is not one busy row.
const use = statement(
  { tenantId: 'uuid', secret: 'text', usernameKey: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql<UserRow & { password_version: number }>`WITH found AS (
        SELECT c.id AS key_id, u.id, u.kind, u.username, u.email, u.email_verified, u.claims, u.roles, u.admin_roles, u.groups, u.disabled_at,
          u.updated_at, u.password_version
        FROM credentials c JOIN users u ON u.tenant_id = c.tenant_id AND u.id = c.user_id
        WHERE c.tenant_id = ${p.tenantId} AND c.kind = 'key' AND c.secret = ${p.secret}
          AND (c.expires_at IS NULL OR c.expires_at > ${p.now})
          AND u.kind = 'service' AND u.username_key = ${p.usernameKey} AND u.disabled_at IS NULL
      ), used AS (
        UPDATE credentials SET last_used_at = ${p.now} FROM found
        WHERE credentials.tenant_id = ${p.tenantId} AND credentials.id = found.key_id
          AND (credentials.last_used_at IS NULL OR credentials.last_used_at <= ${p.now} - interval '1 minute')
      )
      SELECT id, kind, username, email, email_verified, claims, roles, admin_roles, groups, disabled_at, updated_at, password_version FROM found`,
);

/**
 * Marks the use of a living key of the enabled service account of this name. `passwordVersion` is another one as soon as
 * a key of the account is revoked. @returns undefined when there is no such key.
 */
export async function useServiceKey(
  db: Db,
  tenantId: string,
  { hash, username }: { hash: Buffer; username: string },
  now: number,
): Promise<{ user: User; passwordVersion: number } | undefined> {
  const values = { tenantId, secret: stored(hash), usernameKey: identifierKey(username), now };
  const row = await use.first(db, values);
  return row && { user: toUser(row), passwordVersion: row.password_version };
}

// credentials_user_idx
const ofAccount = statement({ tenantId: 'uuid', userId: 'uuid' }, (q, p) =>
  q
    .selectFrom('credentials')
    .select(['name', 'secret', 'created_at', 'last_used_at', 'expires_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('kind', '=', sql.lit('key'))
    .orderBy('name'),
);

/** `hash`: what is stored of the key, to be compared with that of another. */
export type StoredKey = ServiceKey & { readonly hash: Buffer };

/** Expired ones as well, by name. */
export async function listServiceKeys(db: Db, tenantId: string, userId: string): Promise<StoredKey[]> {
  const rows = await ofAccount.all(db, { tenantId, userId });
  return rows.map((row) => ({
    name: row.name!,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    hash: Buffer.from(row.secret, 'hex'),
  }));
}

const key = {
  tenantId: 'uuid',
  userId: 'uuid',
  name: 'text',
  secret: 'text',
  expiresAt: 'timestamptz?',
  now: 'timestamptz',
} as const;

const insert = statement(
  { ...key, id: 'uuid' },
  (_q, p) =>
    sql`INSERT INTO credentials (tenant_id, id, user_id, kind, name, secret, data, version, created_at, updated_at, expires_at)
      VALUES (${p.tenantId}, ${p.id}, ${p.userId}, 'key', ${p.name}, ${p.secret}, '{}'::jsonb, 1, ${p.now}, ${p.now}, ${p.expiresAt})`,
);

export type NewServiceKey = { readonly name: string; readonly hash: Buffer; readonly expiresAt: number | undefined };

/** @throws a unique violation of credentials_key_idx when the tenant has this key already, of credentials_key_name_idx for the name. */
export async function insertServiceKey(
  tx: Db,
  tenantId: string,
  { userId, id, name, hash, expiresAt }: NewServiceKey & { userId: string; id: string },
  now: number,
): Promise<void> {
  await insert.run(tx, { tenantId, userId, id, name, secret: stored(hash), expiresAt: expiresAt ?? null, now });
}

// credentials_key_name_idx. Another key was made now and never used.
const update = statement(
  key,
  (_q, p) =>
    sql`UPDATE credentials SET expires_at = ${p.expiresAt}, version = version + 1, updated_at = ${p.now}, secret = ${p.secret},
        created_at = CASE WHEN secret = ${p.secret} THEN created_at ELSE ${p.now} END,
        last_used_at = CASE WHEN secret = ${p.secret} THEN last_used_at END
      WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'key' AND name = ${p.name}`,
);

/** Another end, or another key in the place of the one of this name. @throws a unique violation as {@link insertServiceKey}. */
export async function updateServiceKey(
  tx: Db,
  tenantId: string,
  { userId, name, hash, expiresAt }: NewServiceKey & { userId: string },
  now: number,
): Promise<void> {
  await update.run(tx, { tenantId, userId, name, secret: stored(hash), expiresAt: expiresAt ?? null, now });
}

// credentials_key_name_idx
const remove = statement({ tenantId: 'uuid', userId: 'uuid', name: 'text' }, (q, p) =>
  q
    .deleteFrom('credentials')
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('kind', '=', sql.lit('key'))
    .where('name', '=', p.name),
);

/** @returns false when there is none of this name. */
export async function removeServiceKey(tx: Db, tenantId: string, userId: string, name: string): Promise<boolean> {
  return (await remove.run(tx, { tenantId, userId, name })) === 1;
}

/** How the column `secret` has it. */
function stored(hash: Buffer): string {
  return hash.toString('hex');
}
