// Many grants ended at once by administrators: all of a user with their sessions, and those of a client in batches.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { grantsEnded } from './grants.ts';
import { endSessions } from './sessions.ts';
import { statement } from './statement.ts';

// sessions_user_idx, grants_user_idx
const ofUser = statement(
  { tenantId: 'uuid', userId: 'uuid', now: 'timestamptz' },
  (_q, p) =>
    sql<{ sessions: string[]; grants: string }>`WITH sessions_ended AS (
        ${endSessions(p, { which: sql`sessions.user_id = ${p.userId}`, reason: sql`'by_admin'` })}
      ), ${grantsEnded(p, 'grants_revoked', { which: sql`grants.user_id = ${p.userId}`, reason: sql`'by_admin'` })}
      SELECT ARRAY(SELECT id::text FROM sessions_ended WHERE lived) AS sessions,
        (SELECT count(*) FROM grants_revoked WHERE lived) AS grants`,
);

/** Ends every session and grant of the user. The caller records it. @returns the ids of sessions, and how many grants, that lived. */
export async function endAllOfUser(
  tx: Db,
  tenantId: string,
  userId: string,
  now: number,
): Promise<{ readonly sessions: readonly string[]; readonly grants: number }> {
  const { sessions, grants } = (await ofUser.first(tx, { tenantId, userId, now }))!;
  return { sessions, grants: Number(grants) };
}

// grants_client_idx, in its order and from `after` on; grants_pkey
const ofClient = statement(
  { tenantId: 'uuid', clientId: 'text', after: 'uuid', limit: 'integer', now: 'timestamptz' },
  (_q, p) =>
    sql<{ grants: string; last: string | null }>`WITH picked AS (
        SELECT id FROM grants
        WHERE tenant_id = ${p.tenantId} AND client_id = ${p.clientId} AND id > ${p.after} AND revoked_at IS NULL
        ORDER BY id LIMIT ${p.limit}
      ), ${grantsEnded(p, 'revoked', { which: sql`grants.id IN (SELECT id FROM picked)`, reason: sql`'by_admin'` })}
      SELECT (SELECT count(*) FROM revoked WHERE lived) AS grants,
        (SELECT id FROM picked ORDER BY id OFFSET ${p.limit} - 1 LIMIT 1) AS last`,
);

const first = '00000000-0000-0000-0000-000000000000';

/**
 * Ends up to `limit` grants of the client, those behind the id `after`. The caller records it.
 * @returns how many lived, and the last of them; undefined when there are no more.
 */
export async function endSomeGrantsOfClient(
  tx: Db,
  tenantId: string,
  clientId: string,
  { after = first, limit }: { readonly after: string | undefined; readonly limit: number },
  now: number,
): Promise<{ readonly grants: number; readonly last: string | undefined }> {
  const { grants, last } = (await ofClient.first(tx, { tenantId, clientId, after, limit, now }))!;
  return { grants: Number(grants), last: last ?? undefined };
}

// users_admin_roles_idx, grants_user_idx. Each of the few is asked for by themselves: of all grants of the client, a join would
// read the most.
const holders = statement(
  { tenantId: 'uuid', clientId: 'text', roles: 'text[]' },
  (_q, p) =>
    sql`SELECT u.id FROM users u, LATERAL (
        SELECT 1 FROM grants g
        WHERE g.tenant_id = ${p.tenantId} AND g.user_id = u.id AND g.client_id = ${p.clientId} AND g.revoked_at IS NULL LIMIT 1
      ) AS held
      WHERE u.tenant_id = ${p.tenantId} AND u.admin_roles <> '{}' AND u.admin_roles && ${p.roles}
      LIMIT 1`,
);

/** Whether somebody with one of these admin roles has a grant at the client that was not revoked. */
export async function hasGrantOfRoles(
  tx: Db,
  tenantId: string,
  clientId: string,
  roles: readonly string[],
): Promise<boolean> {
  return (await holders.first(tx, { tenantId, clientId, roles })) !== undefined;
}
