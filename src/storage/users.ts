// Users and their password hashes.
import { sql } from 'kysely';
import type { AuditType } from '../domain/audit.ts';
import { identifierKey, type User } from '../domain/user.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** What a {@link User} is read from. */
export const userColumns = [
  'id',
  'username',
  'email',
  'email_verified',
  'claims',
  'roles',
  'groups',
  'disabled_at',
  'updated_at',
] as const;
export type UserRow = {
  id: string;
  username: string;
  email: string | null;
  email_verified: boolean;
  claims: unknown;
  roles: string[];
  groups: string[];
  disabled_at: number | null;
  updated_at: number;
};

// users_username_idx and users_email_idx. The username comes first; both can only match the same user.
const forSignIn = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  q
    .selectFrom('users')
    .select([...userColumns, 'password_hash', 'password_version'])
    .where('tenant_id', '=', p.tenantId)
    .where((or) => or.or([or('username_key', '=', p.key), or('email_key', '=', p.key)]))
    .limit(1),
);

/** The user whom people mean by this username or e-mail address. */
export async function findUserForSignIn(
  db: Db,
  tenantId: string,
  identifier: string,
): Promise<(User & { passwordHash: string | undefined; passwordVersion: number }) | undefined> {
  const row = await forSignIn.first(db, { tenantId, key: identifierKey(identifier) });
  return row && { ...toUser(row), passwordHash: row.password_hash ?? undefined, passwordVersion: row.password_version };
}

// users_pkey
const byId = statement({ tenantId: 'uuid', id: 'uuid' }, (q, p) =>
  q.selectFrom('users').select(userColumns).where('tenant_id', '=', p.tenantId).where('id', '=', p.id),
);

export async function findUser(db: Db, tenantId: string, id: string): Promise<User | undefined> {
  const row = await byId.first(db, { tenantId, id });
  return row && toUser(row);
}

// users_username_idx
const byUsername = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  q
    .selectFrom('users')
    .select([...userColumns, 'password_hash'])
    .where('tenant_id', '=', p.tenantId)
    .where('username_key', '=', p.key),
);

export async function findUserByUsername(
  db: Db,
  tenantId: string,
  username: string,
): Promise<(User & { passwordHash: string | undefined }) | undefined> {
  const row = await byUsername.first(db, { tenantId, key: identifierKey(username) });
  return row && { ...toUser(row), passwordHash: row.password_hash ?? undefined };
}

// users_pkey
const lock = statement({ tenantId: 'uuid', id: 'uuid' }, (q, p) =>
  q.selectFrom('users').select(userColumns).where('tenant_id', '=', p.tenantId).where('id', '=', p.id).forNoKeyUpdate(),
);

/** Nobody else changes the user until the transaction ends. Sessions and codes that are just being made come first or wait. */
export async function lockUser(tx: Db, tenantId: string, id: string): Promise<User | undefined> {
  const row = await lock.first(tx, { tenantId, id });
  return row && toUser(row);
}

const fields = {
  tenantId: 'uuid',
  id: 'uuid',
  username: 'text',
  usernameKey: 'text',
  email: 'text?',
  emailKey: 'text?',
  emailVerified: 'boolean',
  claims: 'jsonb',
  roles: 'text[]',
  groups: 'text[]',
  now: 'timestamptz',
} as const;

export type UserFields = {
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
};

const create = statement(
  {
    ...fields,
    passwordHash: 'text?',
    passwordAt: 'timestamptz?',
    disabledAt: 'timestamptz?',
    type: 'text',
    ...eventParams,
  },
  (_q, p) =>
    sql`WITH made AS (
        INSERT INTO users (tenant_id, id, username, username_key, email, email_key, email_verified, claims, roles, groups,
          password_hash, password_version, password_changed_at, disabled_at, created_at, updated_at)
        VALUES (${p.tenantId}, ${p.id}, ${p.username}, ${p.usernameKey}, ${p.email}, ${p.emailKey}, ${p.emailVerified}, ${p.claims},
          ${p.roles}, ${p.groups}, ${p.passwordHash}, 1, ${p.passwordAt}, ${p.disabledAt}, ${p.now}, ${p.now})
        RETURNING id
      )
      ${auditRow(p, { type: p.type, user: sql`id`, from: sql`FROM made` })}`,
);

/**
 * Makes the user and records it, in one statement.
 * @throws a unique violation (see isUniqueViolation) when the username or the address is taken.
 */
export async function createUser(
  db: Db,
  tenantId: string,
  user: UserFields & { id: string; passwordHash: string | undefined; disabled: boolean; type: AuditType },
  event: EventValues,
): Promise<void> {
  const { id, passwordHash, disabled, type, ...given } = user;
  const { now } = event;
  await create.run(db, {
    ...bound(tenantId, id, given, now),
    ...eventValues(event),
    type,
    passwordHash: passwordHash ?? null,
    passwordAt: passwordHash === undefined ? null : now,
    disabledAt: disabled ? now : null,
  });
}

const setFields = statement(fields, (q, p) =>
  q
    .updateTable('users')
    .set({
      username: p.username,
      username_key: p.usernameKey,
      email: p.email,
      email_key: p.emailKey,
      email_verified: p.emailVerified,
      claims: p.claims,
      roles: p.roles,
      groups: p.groups,
      updated_at: p.now,
    })
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id),
);

export async function setUserFields(
  tx: Db,
  tenantId: string,
  id: string,
  user: UserFields,
  now: number,
): Promise<void> {
  await setFields.run(tx, bound(tenantId, id, user, now));
}

const setHash = statement({ tenantId: 'uuid', id: 'uuid', passwordHash: 'text', now: 'timestamptz' }, (q, p) =>
  q
    .updateTable('users')
    .set((e) => ({
      password_hash: p.passwordHash,
      password_version: e('password_version', '+', 1),
      password_changed_at: p.now,
      updated_at: p.now,
    }))
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id),
);

export async function setPasswordHash(
  tx: Db,
  tenantId: string,
  id: string,
  passwordHash: string,
  now: number,
): Promise<void> {
  await setHash.run(tx, { tenantId, id, passwordHash, now });
}

const replaceHash = statement({ tenantId: 'uuid', id: 'uuid', from: 'text', to: 'text' }, (q, p) =>
  q
    .updateTable('users')
    .set({ password_hash: p.to })
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('password_hash', '=', p.from),
);

/** The same password under newer parameters; does nothing when the password was changed meanwhile. */
export async function replacePasswordHash(
  tx: Db,
  tenantId: string,
  id: string,
  from: string,
  to: string,
): Promise<void> {
  await replaceHash.run(tx, { tenantId, id, from, to });
}

const anyWithRole = statement({ tenantId: 'uuid', role: 'text[]' }, (q, p) =>
  q.selectFrom('users').select('id').where('tenant_id', '=', p.tenantId).where('roles', '@>', p.role).limit(1),
);

/** True also when they are disabled: who disabled the last administrator did not mean to open the setup to everybody. */
export async function someoneHasRole(db: Db, tenantId: string, role: string): Promise<boolean> {
  return (await anyWithRole.first(db, { tenantId, role: [role] })) !== undefined;
}

const signsInWithRole = statement({ tenantId: 'uuid', role: 'text[]', except: 'uuid?' }, (q, p) =>
  q
    .selectFrom('users')
    .select('id')
    .where('tenant_id', '=', p.tenantId)
    .where('roles', '@>', p.role)
    .where('password_hash', 'is not', null)
    .where('disabled_at', 'is', null)
    .where('id', 'is distinct from', p.except)
    .limit(1),
);

/**
 * True while somebody (other than `except`) has the role and can sign in: has a password and is not disabled. Stays true
 * only under the tenant's lock.
 */
export async function someoneCanUseRole(tx: Db, tenantId: string, role: string, except?: string): Promise<boolean> {
  return (await signsInWithRole.first(tx, { tenantId, role: [role], except: except ?? null })) !== undefined;
}

function bound(tenantId: string, id: string, user: UserFields, now: number) {
  return {
    ...user,
    tenantId,
    id,
    now,
    email: user.email ?? null,
    usernameKey: identifierKey(user.username),
    emailKey: user.email === undefined ? null : identifierKey(user.email),
  };
}

export function toUser(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email ?? undefined,
    emailVerified: row.email_verified,
    claims: row.claims as Record<string, unknown>,
    roles: row.roles,
    groups: row.groups,
    disabled: row.disabled_at !== null,
    updatedAt: row.updated_at,
  };
}

const setDisabled = statement(
  { tenantId: 'uuid', id: 'uuid', disabledAt: 'timestamptz?', now: 'timestamptz' },
  (q, p) =>
    q
      .updateTable('users')
      .set({ disabled_at: p.disabledAt, updated_at: p.now })
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id),
);

export async function setUserDisabled(
  tx: Db,
  tenantId: string,
  id: string,
  disabled: boolean,
  now: number,
): Promise<void> {
  await setDisabled.run(tx, { tenantId, id, disabledAt: disabled ? now : null, now });
}

// sessions_user_idx, grants_user_idx
const endEverything = statement(
  { tenantId: 'uuid', id: 'uuid', reason: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql<Ended>`WITH sessions_ended AS (
        UPDATE sessions SET ended_at = ${p.now}, end_reason = ${p.reason} WHERE tenant_id = ${p.tenantId} AND user_id = ${p.id} AND ended_at IS NULL
        RETURNING expires_at > ${p.now} AND idle_expires_at > ${p.now} AS lived
      ), grants_revoked AS (
        UPDATE grants SET revoked_at = ${p.now}, revoke_reason = ${p.reason} WHERE tenant_id = ${p.tenantId} AND user_id = ${p.id} AND revoked_at IS NULL
        RETURNING expires_at > ${p.now} AS lived
      )
      SELECT (SELECT count(*) FROM sessions_ended WHERE lived) AS sessions, (SELECT count(*) FROM grants_revoked WHERE lived) AS grants`,
);

/** How many of what lived until then have ended. */
export type Ended = { readonly sessions: number; readonly grants: number };

/** Ends every session and revokes every grant of the user. The caller records why. */
export async function endEverythingOf(
  tx: Db,
  tenantId: string,
  id: string,
  reason: 'user_disabled' | 'password_changed',
  now: number,
): Promise<Ended> {
  return (await endEverything.first(tx, { tenantId, id, reason, now }))!;
}
