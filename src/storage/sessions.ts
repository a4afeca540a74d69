// Sessions: found by their cookie's hash, begun, renewed, ended together with the grants that live only as long.
import { type Expression, type RawBuilder, sql } from 'kysely';
import type { Authentication } from '../domain/authentication.ts';
import { type Session, touchInterval } from '../domain/session.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { grantsEnded } from './grants.ts';
import { personAsChecked } from './passwords.ts';
import { type Markers, statement, type Part } from './statement.ts';

// sessions_secret_idx, users_pkey
const bySecret = statement({ tenantId: 'uuid', secretHash: 'bytea' }, (q, p) =>
  q
    .selectFrom('sessions as s')
    .innerJoin('users as u', (join) => join.onRef('u.tenant_id', '=', 's.tenant_id').onRef('u.id', '=', 's.user_id'))
    .select([
      's.id',
      's.user_id',
      'u.username',
      'u.admin_roles',
      's.authenticated_at',
      's.amr',
      's.acr',
      's.mfa_method',
      's.mfa_verified_at',
      's.started_at',
      's.last_seen_at',
      's.idle_expires_at',
      's.expires_at',
      's.persistent',
      's.ended_at',
      'u.disabled_at',
    ])
    .where('s.tenant_id', '=', p.tenantId)
    .where('s.secret_hash', '=', p.secretHash),
);

/** The session of a cookie, alive or not. */
export async function findSession(db: Db, tenantId: string, secretHash: Buffer): Promise<Session | undefined> {
  const row = await bySecret.first(db, { tenantId, secretHash });
  return (
    row && {
      id: row.id,
      userId: row.user_id,
      username: row.username,
      adminRoles: row.admin_roles,
      authentication: {
        at: row.authenticated_at,
        amr: row.amr,
        acr: row.acr,
        mfaMethod: row.mfa_method ?? undefined,
        mfaVerifiedAt: row.mfa_verified_at ?? undefined,
      },
      startedAt: row.started_at,
      lastSeenAt: row.last_seen_at,
      idleExpiresAt: row.idle_expires_at,
      expiresAt: row.expires_at,
      persistent: row.persistent,
      ended: row.ended_at !== null,
      userDisabled: row.disabled_at !== null,
    }
  );
}

export type NewSession = {
  readonly id: string;
  readonly secretHash: Buffer;
  readonly userId: string;
  readonly authentication: Authentication;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
  readonly persistent: boolean;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
};

/** Whether the session is alive, in a statement where `sessions` has the name `alias`; false where there is none. */
export function sessionIsAlive(now: Expression<number>, alias = 'sessions'): RawBuilder<boolean> {
  const of = (column: string) => sql.ref(`${alias}.${column}`);
  return sql<boolean>`(${of('ended_at')} IS NULL AND ${of('expires_at')} > ${now} AND ${of('idle_expires_at')} > ${now}) IS TRUE`;
}

/**
 * Ends the sessions of the tenant that `which` picks and that have not ended: the only way a session ends before its time.
 * Gives `id`, `user_id`, and as `lived` whether it was alive until then.
 */
export function endSessions(
  p: Markers<{ tenantId: 'uuid'; now: 'timestamptz' }>,
  { which, reason }: { which: Part; reason: Part },
): RawBuilder<unknown> {
  return sql`UPDATE sessions SET ended_at = ${p.now}, end_reason = ${reason}
        WHERE sessions.tenant_id = ${p.tenantId} AND sessions.ended_at IS NULL AND ${which}
        RETURNING id, user_id, expires_at > ${p.now} AND idle_expires_at > ${p.now} AS lived`;
}

/** Members of a `WITH`, with `revoked`: what ends with the sessions in `ended`, every grant that does not outlive them. */
export function grantsOfEnded(p: Markers<{ tenantId: 'uuid'; now: 'timestamptz' }>): RawBuilder<unknown> {
  return grantsEnded(p, 'revoked', {
    which: sql`grants.session_id IN (SELECT id FROM ended) AND NOT grants.offline`,
    reason: sql`'session_ended'`,
  });
}

const proof = {
  tenantId: 'uuid',
  id: 'uuid',
  secretHash: 'bytea',
  userId: 'uuid',
  at: 'timestamptz',
  amr: 'text[]',
  acr: 'text',
  mfaMethod: 'text?',
  mfaVerifiedAt: 'timestamptz?',
  idleExpiresAt: 'timestamptz',
  persistent: 'boolean',
  ip: 'text?',
  userAgent: 'text?',
} as const;

// users_pkey. A user disabled, or whose password changed, since it was checked gets no session.
const insert = statement(
  { ...proof, expiresAt: 'timestamptz', passwordVersion: 'integer' },
  (_q, p) =>
    sql`INSERT INTO sessions (tenant_id, id, secret_hash, user_id, authenticated_at, amr, acr, mfa_method, mfa_verified_at,
        started_at, last_seen_at, idle_expires_at, expires_at, persistent, ip, user_agent)
      SELECT ${p.tenantId}, ${p.id}, ${p.secretHash}, id, ${p.at}, ${p.amr}, ${p.acr}, ${p.mfaMethod}, ${p.mfaVerifiedAt},
        ${p.at}, ${p.at}, ${p.idleExpiresAt}, ${p.expiresAt}, ${p.persistent}, ${p.ip}, ${p.userAgent}
      FROM (${personAsChecked(p)}) AS person`,
);

/** @returns false when the user was disabled or changed the password since `passwordVersion` was read. */
export async function beginSession(
  tx: Db,
  tenantId: string,
  session: NewSession,
  passwordVersion: number,
): Promise<boolean> {
  return (await insert.run(tx, { ...bound(tenantId, session), expiresAt: session.expiresAt, passwordVersion })) === 1;
}

// sessions_pkey, users_pkey
const renew = statement(
  { ...proof, passwordVersion: 'integer' },
  (_q, p) =>
    sql`UPDATE sessions SET secret_hash = ${p.secretHash}, authenticated_at = ${p.at}, amr = ${p.amr}, acr = ${p.acr},
        mfa_method = ${p.mfaMethod}, mfa_verified_at = ${p.mfaVerifiedAt}, last_seen_at = ${p.at},
        idle_expires_at = LEAST(${p.idleExpiresAt}, sessions.expires_at), persistent = ${p.persistent}, ip = ${p.ip}, user_agent = ${p.userAgent}
      FROM users
      WHERE sessions.tenant_id = ${p.tenantId} AND sessions.id = ${p.id} AND sessions.user_id = ${p.userId}
        AND sessions.ended_at IS NULL AND sessions.expires_at > ${p.at}
        AND users.tenant_id = sessions.tenant_id AND users.id = sessions.user_id
        AND users.disabled_at IS NULL AND users.password_version = ${p.passwordVersion}`,
);

/** The same person proved again who they are: the `sid` stays, the cookie changes and the old one is dead. */
export async function renewSession(
  tx: Db,
  tenantId: string,
  session: NewSession,
  passwordVersion: number,
): Promise<boolean> {
  return (await renew.run(tx, { ...bound(tenantId, session), passwordVersion })) === 1;
}

// sessions_pkey
const touch = statement(
  { tenantId: 'uuid', id: 'uuid', now: 'timestamptz', before: 'timestamptz', idleExpiresAt: 'timestamptz' },
  (_q, p) =>
    sql`UPDATE sessions SET last_seen_at = ${p.now}, idle_expires_at = LEAST(${p.idleExpiresAt}, expires_at)
      WHERE tenant_id = ${p.tenantId} AND id = ${p.id} AND ended_at IS NULL AND last_seen_at < ${p.before}`,
);

/** Notes that the session was used; at most once per touchInterval. `idle` in milliseconds. */
export async function touchSession(
  db: Db,
  tenantId: string,
  session: Session,
  now: number,
  idle: number,
): Promise<void> {
  if (now - session.lastSeenAt < touchInterval) return;
  await touch.run(db, { tenantId, id: session.id, now, before: now - touchInterval, idleExpiresAt: now + idle });
}

// sessions_pkey, grants_session_idx
const end = statement(
  { tenantId: 'uuid', id: 'uuid', userId: 'uuid', reason: 'text', ...eventParams },
  (_q, p) =>
    sql`WITH ended AS (
        ${endSessions(p, { which: sql`sessions.id = ${p.id} AND sessions.user_id = ${p.userId}`, reason: p.reason })}
      ), ${grantsOfEnded(p)}, event AS (
        ${auditRow(p, {
          from: sql`FROM ended`,
          type: sql`'session.ended'`,
          user: sql`user_id`,
          session: sql`id`,
          data: sql`jsonb_build_object('reason', ${p.reason})`,
        })}
      )
      SELECT id FROM ended`,
);

/** Ends the session and every grant that lives only as long as it, and records it. @returns false when it had ended. */
export async function endSession(
  db: Db,
  tenantId: string,
  session: { id: string; userId: string },
  reason: 'signed_out' | 'other_user' | 'by_user' | 'by_admin',
  event: EventValues,
): Promise<boolean> {
  const row = await end.first(db, {
    tenantId,
    ...session,
    reason,
    ...eventValues(event),
  });
  return row !== undefined;
}

// sessions_user_idx
const ofUser = statement({ tenantId: 'uuid', userId: 'uuid', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('sessions')
    .select(['id', 'started_at', 'last_seen_at', 'ip', 'user_agent'])
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where(sessionIsAlive(p.now))
    .orderBy('last_seen_at', 'desc')
    .limit(100),
);

// sessions_user_idx
const othersOfUser = statement({ tenantId: 'uuid', userId: 'uuid', id: 'uuid', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('sessions')
    .select((e) => e.fn.countAll<string>().as('count'))
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('id', '!=', p.id)
    .where(sessionIsAlive(p.now)),
);

/** How many sessions the person of `session` has beside it: also those that are too many to be listed. */
export async function countOtherSessions(db: Db, tenantId: string, session: Session, now: number): Promise<number> {
  const { id, userId } = session;
  return Number((await othersOfUser.first(db, { tenantId, userId, id, now }))!.count);
}

export async function listSessions(db: Db, tenantId: string, userId: string, now: number) {
  const rows = await ofUser.all(db, { tenantId, userId, now });
  return rows.map((row) => ({
    id: row.id,
    startedAt: row.started_at,
    lastSeenAt: row.last_seen_at,
    ip: row.ip ?? undefined,
    userAgent: row.user_agent ?? undefined,
  }));
}

function bound(tenantId: string, session: NewSession) {
  const { authentication } = session;
  return {
    tenantId,
    id: session.id,
    secretHash: session.secretHash,
    userId: session.userId,
    at: authentication.at,
    amr: authentication.amr,
    acr: authentication.acr,
    mfaMethod: authentication.mfaMethod ?? null,
    mfaVerifiedAt: authentication.mfaVerifiedAt ?? null,
    idleExpiresAt: session.idleExpiresAt,
    persistent: session.persistent,
    ip: session.ip ?? null,
    userAgent: session.userAgent ?? null,
  };
}

// sessions_user_idx
const another = statement({ tenantId: 'uuid', userId: 'uuid', sessionId: 'uuid' }, (q, p) =>
  q
    .selectFrom('sessions')
    .select('id')
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('id', '<>', p.sessionId)
    .limit(1),
);

/** Whether there was another session of the person, be it over, as far back as they are kept. */
export async function hasAnotherSession(
  db: Db,
  tenantId: string,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<boolean> {
  return (await another.first(db, { tenantId, userId, sessionId })) !== undefined;
}
