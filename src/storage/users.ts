// Users: found, made, changed, disabled.
import { sql } from 'kysely';
import { ownerRole } from '../domain/admin-rights.ts';
import type { AuditType } from '../domain/audit.ts';
import { identifierKey, type User, type UserKind } from '../domain/user.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { grantsEnded } from './grants.ts';
import { endSessions } from './sessions.ts';
import { statement } from './statement.ts';
import {
  onPassword,
  toUser,
  toUserWithPassword,
  userColumns,
  type UserWithPassword,
  withPassword,
} from './user-rows.ts';

// users_username_idx and users_email_idx, credentials_one_password_idx. The username comes first; both can only match the same user.
const forSignIn = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  withPassword(q)
    .where('u.tenant_id', '=', p.tenantId)
    .where((or) => or.or([or('u.username_key', '=', p.key), or('u.email_key', '=', p.key)]))
    .limit(1),
);

/** The user whom people mean by this username or e-mail address. */
export async function findUserForSignIn(
  db: Db,
  tenantId: string,
  identifier: string,
): Promise<UserWithPassword | undefined> {
  return toUserWithPassword(await forSignIn.first(db, { tenantId, key: identifierKey(identifier) }));
}

// users_pkey
const byId = statement({ tenantId: 'uuid', id: 'uuid' }, (q, p) =>
  q.selectFrom('users as u').select(userColumns).where('u.tenant_id', '=', p.tenantId).where('u.id', '=', p.id),
);

export async function findUser(db: Db, tenantId: string, id: string): Promise<User | undefined> {
  const row = await byId.first(db, { tenantId, id });
  return row && toUser(row);
}

// users_username_idx, credentials_one_password_idx
const byUsername = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  withPassword(q).where('u.tenant_id', '=', p.tenantId).where('u.username_key', '=', p.key),
);

// The same.
const byUsernameLocked = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  withPassword(q).where('u.tenant_id', '=', p.tenantId).where('u.username_key', '=', p.key).forNoKeyUpdate('u'),
);

/** Nobody else changes them until the transaction ends, as by {@link lockUser}. */
export async function lockUserByUsername(
  tx: Db,
  tenantId: string,
  username: string,
): Promise<UserWithPassword | undefined> {
  return toUserWithPassword(await byUsernameLocked.first(tx, { tenantId, key: identifierKey(username) }));
}

export async function findUserByUsername(
  db: Db,
  tenantId: string,
  username: string,
): Promise<UserWithPassword | undefined> {
  return toUserWithPassword(await byUsername.first(db, { tenantId, key: identifierKey(username) }));
}

// users_pkey, credentials_one_password_idx, credentials_user_idx
const byIdWithPassword = statement({ tenantId: 'uuid', id: 'uuid' }, (q, p) =>
  withPassword(q).where('u.tenant_id', '=', p.tenantId).where('u.id', '=', p.id),
);

/** With everything that they can prove who they are with. */
export async function findUserWithPassword(
  db: Db,
  tenantId: string,
  id: string,
): Promise<UserWithPassword | undefined> {
  return toUserWithPassword(await byIdWithPassword.first(db, { tenantId, id }));
}

// users_pkey
const lock = statement({ tenantId: 'uuid', id: 'uuid' }, (q, p) =>
  q
    .selectFrom('users as u')
    .select(userColumns)
    .where('u.tenant_id', '=', p.tenantId)
    .where('u.id', '=', p.id)
    .forNoKeyUpdate(),
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
  adminRoles: 'text[]',
  groups: 'text[]',
  now: 'timestamptz',
} as const;

export type UserFields = {
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly roles: readonly string[];
  readonly adminRoles: readonly string[];
  readonly groups: readonly string[];
};

const create = statement(
  {
    ...fields,
    kind: 'text',
    credentialId: 'uuid',
    passwordHash: 'text?',
    changeBy: 'timestamptz?',
    disabledAt: 'timestamptz?',
    type: 'text',
    data: 'jsonb',
    ...eventParams,
  },
  (_q, p) =>
    sql`WITH made AS (
        INSERT INTO users (tenant_id, id, kind, username, username_key, email, email_key, email_verified, claims, roles, admin_roles, groups,
          password_version, disabled_at, version, created_at, updated_at)
        VALUES (${p.tenantId}, ${p.id}, ${p.kind}, ${p.username}, ${p.usernameKey}, ${p.email}, ${p.emailKey}, ${p.emailVerified}, ${p.claims},
          ${p.roles}, ${p.adminRoles}, ${p.groups}, 1, ${p.disabledAt}, 1, ${p.now}, ${p.now})
        RETURNING id
      ), password AS (
        INSERT INTO credentials (tenant_id, id, user_id, kind, secret, data, change_by, change_version, version, created_at, updated_at)
        SELECT ${p.tenantId}, ${p.credentialId}, id, 'password', ${p.passwordHash}, '{}'::jsonb, ${p.changeBy}, 1, 1, ${p.now}, ${p.now}
        FROM made WHERE ${p.passwordHash} IS NOT NULL
      )
      ${auditRow(p, { type: p.type, user: sql`id`, from: sql`FROM made`, data: p.data })}`,
);

/**
 * Makes the user and records it, in one statement.
 * @throws a unique violation (see isUniqueViolation) when the username or the address is taken.
 */
export async function createUser(
  db: Db,
  tenantId: string,
  user: UserFields & {
    id: string;
    kind: UserKind;
    /** The id of the password's row, and its hash. */
    credentialId: string;
    passwordHash: string | undefined;
    /** Until when the password must be changed. */
    changeBy: number | undefined;
    disabled: boolean;
    type: AuditType;
    /** Of the event. */
    data: object;
  },
  event: EventValues,
): Promise<void> {
  const { id, kind, credentialId, passwordHash, changeBy, disabled, type, data, ...given } = user;
  const { now } = event;
  await create.run(db, {
    ...bound(tenantId, id, given, now),
    ...eventValues(event),
    type,
    data,
    kind,
    credentialId,
    passwordHash: passwordHash ?? null,
    changeBy: changeBy ?? null,
    disabledAt: disabled ? now : null,
  });
}

const setFields = statement(fields, (q, p) =>
  q
    .updateTable('users')
    .set((e) => ({
      version: e('version', '+', 1),
      username: p.username,
      username_key: p.usernameKey,
      email: p.email,
      email_key: p.emailKey,
      email_verified: p.emailVerified,
      claims: p.claims,
      roles: p.roles,
      admin_roles: p.adminRoles,
      groups: p.groups,
      updated_at: p.now,
    }))
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

// users_pkey
const verified = statement({ tenantId: 'uuid', id: 'uuid', now: 'timestamptz' }, (q, p) =>
  q
    .updateTable('users')
    .set((e) => ({ email_verified: true, version: e('version', '+', 1), updated_at: p.now }))
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id),
);

/** Its person has read a mail at the address. */
export async function markEmailVerified(tx: Db, tenantId: string, id: string, now: number): Promise<void> {
  await verified.run(tx, { tenantId, id, now });
}

// users_admin_roles_idx
const anyWithAdminRole = statement({ tenantId: 'uuid', roles: 'text[]' }, (q, p) =>
  q
    .selectFrom('users')
    // All are counted, because a LIMIT would make PostgreSQL hope to find one soon without the index.
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', p.tenantId)
    .where(hasAdminRoles('users'))
    .where('admin_roles', '@>', p.roles),
);

/** How many have this role, disabled ones among them. */
export async function countUsersWithAdminRole(db: Db, tenantId: string, role: string): Promise<number> {
  return (await anyWithAdminRole.first(db, { tenantId, roles: [role] }))!.count;
}

/** Counts disabled users as well, so that /setup stays closed. */
export async function someoneIsOwner(db: Db, tenantId: string): Promise<boolean> {
  return (await countUsersWithAdminRole(db, tenantId, ownerRole)) > 0;
}

// users_pkey
const anybody = statement({ tenantId: 'uuid' }, (q, p) =>
  q.selectFrom('users').select('id').where('tenant_id', '=', p.tenantId).limit(1),
);

/** Counts disabled ones and service accounts as well. */
export async function someoneExists(db: Db, tenantId: string): Promise<boolean> {
  return (await anybody.first(db, { tenantId })) !== undefined;
}

// users_admin_roles_idx, credentials_one_password_idx
const ownerWhoSignsIn = statement({ tenantId: 'uuid', roles: 'text[]', byMail: 'boolean', except: 'uuid?' }, (q, p) =>
  q
    .selectFrom('users as u')
    .leftJoin('credentials as c', onPassword)
    .select((e) => e.fn.countAll<number>().as('count'))
    .where((e) =>
      e.or([
        e('c.id', 'is not', null),
        e.and([e('u.email_verified', '=', true), e('u.email', 'is not', null), p.byMail]),
      ]),
    )
    .where('u.tenant_id', '=', p.tenantId)
    .where(hasAdminRoles('u'))
    .where('u.admin_roles', '@>', p.roles)
    .where('u.kind', '=', sql.lit('person'))
    .where('u.disabled_at', 'is', null)
    .where('u.id', 'is distinct from', p.except),
);

/**
 * True while a person (other than `except`) is an owner and can sign in: is not disabled, and has a password or, where mails
 * are sent (`byMail`), an address that is proven to be theirs. Stays true only under the tenant's lock.
 */
export async function someOwnerCanSignIn(
  tx: Db,
  tenantId: string,
  { byMail, except }: { readonly byMail: boolean; readonly except?: string },
): Promise<boolean> {
  const values = { tenantId, roles: [ownerRole], byMail, except: except ?? null };
  return (await ownerWhoSignsIn.first(tx, values))!.count > 0;
}

/** The condition of the index, in a statement where `users` has the name `alias`. */
function hasAdminRoles(alias: string) {
  return sql<boolean>`${sql.ref(`${alias}.admin_roles`)} <> '{}'`;
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

const setDisabled = statement(
  { tenantId: 'uuid', id: 'uuid', disabledAt: 'timestamptz?', now: 'timestamptz' },
  (q, p) =>
    q
      .updateTable('users')
      .set((e) => ({
        disabled_at: p.disabledAt,
        updated_at: p.now,
        version: e('version', '+', 1),
        // What was under way when they were disabled does not go on when they are enabled again.
        password_version: e('password_version', '+', 1),
      }))
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
        ${endSessions(p, { which: sql`sessions.user_id = ${p.id}`, reason: p.reason })}
      ), ${grantsEnded(p, 'grants_revoked', { which: sql`grants.user_id = ${p.id}`, reason: p.reason })}
      SELECT (SELECT count(*) FROM sessions_ended WHERE lived) AS sessions, (SELECT count(*) FROM grants_revoked WHERE lived) AS grants`,
);

// sessions_user_idx, grants_user_idx
const endOthers = statement(
  { tenantId: 'uuid', id: 'uuid', kept: 'uuid?', reason: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql<Ended>`WITH sessions_ended AS (
        ${endSessions(p, { which: sql`sessions.user_id = ${p.id} AND sessions.id IS DISTINCT FROM ${p.kept}`, reason: p.reason })}
      ), ${grantsEnded(p, 'grants_revoked', { which: sql`grants.user_id = ${p.id} AND grants.session_id IS DISTINCT FROM ${p.kept}`, reason: p.reason })}
      SELECT (SELECT count(*) FROM sessions_ended WHERE lived) AS sessions, (SELECT count(*) FROM grants_revoked WHERE lived) AS grants`,
);

/** Ends every session and grant of the user but the session `kept` and what came of it. The caller records why. */
export async function endOthersOf(
  tx: Db,
  tenantId: string,
  id: string,
  kept: string | undefined,
  reason: 'password_changed' | 'second_factor_changed',
  now: number,
): Promise<Ended> {
  return (await endOthers.first(tx, { tenantId, id, kept: kept ?? null, reason, now }))!;
}

/** How many of what lived until then have ended. */
export type Ended = { readonly sessions: number; readonly grants: number };

/** Ends every session and revokes every grant of the user. The caller records why. */
export async function endEverythingOf(
  tx: Db,
  tenantId: string,
  id: string,
  reason: 'user_disabled' | 'password_changed' | 'key_revoked' | 'second_factor_changed' | 'admin_roles_changed',
  now: number,
): Promise<Ended> {
  return (await endEverything.first(tx, { tenantId, id, reason, now }))!;
}
