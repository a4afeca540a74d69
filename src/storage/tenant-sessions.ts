// Sessions as administrators see them: of the whole tenant or of one user; and all of one user, or all but one, ended at once.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';
import { grantsOfEnded, endSessions, sessionIsAlive } from './sessions.ts';
import { type Markers, statement } from './statement.ts';

/** A living session of somebody. Times in milliseconds. */
export type ListedSession = {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  /** When it ends unless it is used before. */
  readonly idleExpiresAt: number;
  /** When it ends at the latest. */
  readonly expiresAt: number;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
};

type Row = {
  id: string;
  user_id: string;
  username: string;
  started_at: number;
  last_seen_at: number;
  idle_expires_at: number;
  expires_at: number;
  ip: string | null;
  user_agent: string | null;
};

const shown = { tenantId: 'uuid', now: 'timestamptz' } as const;

/** Living sessions with the names of their users, of those that `which` picks. */
const living = (p: Markers<typeof shown>, which: RawBuilder<unknown>) =>
  sql<Row>`SELECT s.id, s.user_id, u.username, s.started_at, s.last_seen_at, s.idle_expires_at, s.expires_at, s.ip, s.user_agent
    FROM sessions s JOIN users u ON u.tenant_id = s.tenant_id AND u.id = s.user_id
    WHERE s.tenant_id = ${p.tenantId} AND ${sessionIsAlive(p.now, 's')}
      AND u.disabled_at IS NULL AND ${which}`;

// sessions_pkey read backwards, users_pkey. An id begins with the time when it was made.
const ofTenant = statement({ ...shown, before: 'uuid', limit: 'integer' }, (_q, p) =>
  living(p, sql`s.id < ${p.before} ORDER BY s.id DESC LIMIT ${p.limit}`),
);

// sessions_user_idx, users_pkey
const ofUser = statement({ ...shown, userId: 'uuid', before: 'uuid', limit: 'integer' }, (_q, p) =>
  living(p, sql`s.user_id = ${p.userId} AND s.id < ${p.before} ORDER BY s.id DESC LIMIT ${p.limit}`),
);

// sessions_pkey, users_pkey
const byId = statement({ ...shown, id: 'uuid' }, (_q, p) => living(p, sql`s.id = ${p.id}`));

const beforeAll = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Up to `limit` living sessions of the tenant, or of `userId`, newest first; those that began before the session `after`. */
export async function listLivingSessions(
  db: Db,
  tenantId: string,
  { userId, after, limit }: { userId: string | undefined; after: string | undefined; limit: number },
  now: number,
): Promise<ListedSession[]> {
  const values = { tenantId, now, before: after ?? beforeAll, limit };
  const rows = userId === undefined ? await ofTenant.all(db, values) : await ofUser.all(db, { ...values, userId });
  return rows.map(toSession);
}

export async function findLivingSession(
  db: Db,
  tenantId: string,
  id: string,
  now: number,
): Promise<ListedSession | undefined> {
  const row = await byId.first(db, { tenantId, id, now });
  return row && toSession(row);
}

function toSession(row: Row): ListedSession {
  return {
    id: row.id,
    userId: row.user_id,
    username: row.username,
    startedAt: row.started_at,
    lastSeenAt: row.last_seen_at,
    idleExpiresAt: row.idle_expires_at,
    expiresAt: row.expires_at,
    ip: row.ip ?? undefined,
    userAgent: row.user_agent ?? undefined,
  };
}

// sessions_user_idx, grants_session_idx. As with one session: grants that are not offline end with it.
const endAll = statement(
  { ...shown, userId: 'uuid', kept: 'uuid?', reason: 'text' },
  (_q, p) =>
    sql<{ id: string }>`WITH ended AS (
        ${endSessions(p, { which: sql`sessions.user_id = ${p.userId} AND sessions.id IS DISTINCT FROM ${p.kept} AND ${sessionIsAlive(p.now)}`, reason: p.reason })}
      ), ${grantsOfEnded(p)}
      SELECT id FROM ended`,
);

/** Ends every living session of the user but `kept`, and every grant that lives only as long. @returns their ids; the caller records them. */
export async function endSessionsOf(
  tx: Db,
  tenantId: string,
  { userId, kept }: { userId: string; kept: string | undefined },
  reason: 'by_admin' | 'by_user',
  now: number,
): Promise<string[]> {
  return (await endAll.all(tx, { tenantId, userId, kept: kept ?? null, reason, now })).map(({ id }) => id);
}
