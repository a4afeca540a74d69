// Passwords: each user's one credential of that kind, read with the user and replaced.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';
import { type Markers, type Part, statement } from './statement.ts';

/** Who signs in, as statements take them: the version of the password that was checked. */
export const checkedParams = { tenantId: 'uuid', userId: 'uuid', passwordVersion: 'integer' } as const;

/**
 * The user, held as they were checked: whoever was disabled, or changed the password, since then gets no row. `provided`: what
 * they must also have done, as a condition. users_pkey
 */
export function personAsChecked(
  p: Markers<typeof checkedParams>,
  provided: Part = sql`true`,
): RawBuilder<{ id: string }> {
  return sql`SELECT id FROM users
        WHERE tenant_id = ${p.tenantId} AND id = ${p.userId} AND disabled_at IS NULL AND password_version = ${p.passwordVersion}
          AND ${provided}
        FOR SHARE`;
}

// users_pkey, credentials_one_password_idx. The user's row is what sign-ins wait for.
const set = statement(
  { tenantId: 'uuid', userId: 'uuid', id: 'uuid', hash: 'text', changeBy: 'timestamptz?', now: 'timestamptz' },
  (_q, p) =>
    sql`WITH changed AS (
        UPDATE users SET password_version = password_version + 1, version = version + 1, updated_at = ${p.now}
        WHERE tenant_id = ${p.tenantId} AND id = ${p.userId}
        RETURNING id
      )
      INSERT INTO credentials AS c (tenant_id, id, user_id, kind, secret, data, change_by, change_version, version, created_at, updated_at)
      SELECT ${p.tenantId}, ${p.id}, id, 'password', ${p.hash}, '{}'::jsonb, ${p.changeBy}, 1, 1, ${p.now}, ${p.now} FROM changed
      ON CONFLICT (tenant_id, user_id) WHERE kind = 'password'
        DO UPDATE SET secret = EXCLUDED.secret, change_by = EXCLUDED.change_by, change_version = c.version + 1, version = c.version + 1, updated_at = EXCLUDED.updated_at`,
);

/**
 * Another password, or the first. `id` is the one of its row, if there is none yet. `changeBy`: until when it must be changed;
 * without it the password stays.
 */
export async function setPasswordHash(
  tx: Db,
  tenantId: string,
  userId: string,
  { id, hash, changeBy }: { id: string; hash: string; changeBy?: number | undefined },
  now: number,
): Promise<void> {
  await set.run(tx, { tenantId, userId, id, hash, changeBy: changeBy ?? null, now });
}

// users_pkey
const lock = statement({ tenantId: 'uuid', userId: 'uuid', version: 'integer' }, (q, p) =>
  q
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.userId)
    .where('password_version', '=', p.version)
    .where('disabled_at', 'is', null)
    .forNoKeyUpdate(),
);

/** Nobody else changes the user until the transaction ends. @returns false when the user was disabled, or the password changed, first. */
export async function lockPassword(tx: Db, tenantId: string, userId: string, version: number): Promise<boolean> {
  return (await lock.first(tx, { tenantId, userId, version })) !== undefined;
}

// users_pkey
const renumber = statement({ tenantId: 'uuid', userId: 'uuid', now: 'timestamptz' }, (q, p) =>
  q
    .updateTable('users')
    .set((e) => ({
      password_version: e('password_version', '+', 1),
      version: e('version', '+', 1),
      updated_at: p.now,
    }))
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.userId)
    .returning('password_version'),
);

/**
 * A sign-in that is under way gets no session, as after a new password: what it proved is not enough any more.
 * @returns the version that sign-ins from here on have.
 */
export async function refuseSignInsUnderWay(tx: Db, tenantId: string, userId: string, now: number): Promise<number> {
  return (await renumber.first(tx, { tenantId, userId, now }))!.password_version;
}

// users_pkey, credentials_one_password_idx
const remove = statement(
  { tenantId: 'uuid', userId: 'uuid', now: 'timestamptz' },
  (_q, p) =>
    sql<{ id: string }>`WITH removed AS (
        DELETE FROM credentials WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'password' RETURNING user_id
      )
      UPDATE users SET password_version = password_version + 1, version = version + 1, updated_at = ${p.now}
      FROM removed WHERE tenant_id = ${p.tenantId} AND users.id = removed.user_id
      RETURNING users.id`,
);

/** There is no password from here on, and no sign-in under way goes on by it. @returns false when there was none. */
export async function removePassword(tx: Db, tenantId: string, userId: string, now: number): Promise<boolean> {
  return (await remove.first(tx, { tenantId, userId, now })) !== undefined;
}

// credentials_one_password_idx
const replace = statement({ tenantId: 'uuid', userId: 'uuid', from: 'text', to: 'text' }, (q, p) =>
  q
    .updateTable('credentials')
    .set({ secret: p.to })
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('kind', '=', sql.lit('password'))
    .where('secret', '=', p.from),
);

/** The same password under newer parameters; does nothing when the password was changed meanwhile. */
export async function replacePasswordHash(
  tx: Db,
  tenantId: string,
  userId: string,
  from: string,
  to: string,
): Promise<void> {
  await replace.run(tx, { tenantId, userId, from, to });
}
