// Everything that a tenant has issued, ended at once: for a database that was put back from a copy.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// sessions_pkey
const endSessions = statement(
  { tenantId: 'uuid', reason: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql`UPDATE sessions SET ended_at = ${p.now}, end_reason = ${p.reason} WHERE tenant_id = ${p.tenantId} AND ended_at IS NULL`,
);

// grants_pkey
const revokeGrants = statement(
  { tenantId: 'uuid', reason: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql`UPDATE grants SET revoked_at = ${p.now}, revoke_reason = ${p.reason} WHERE tenant_id = ${p.tenantId} AND revoked_at IS NULL`,
);

// Each by the primary key of its table, which begins with the tenant.
const removals = (['sign_in_attempts', 'one_time_tokens', 'consents', 'limits'] as const).map((table) =>
  statement({ tenantId: 'uuid' }, (q, p) => q.deleteFrom(table).where('tenant_id', '=', p.tenantId)),
);

export type EndedCounts = { readonly sessions: number; readonly grants: number };

/**
 * Ends all sessions, and all grants with their codes and tokens; forgets sign-ins that are under way, one-time tokens,
 * consents and counted attempts. Sessions first: who issues a code at this moment waits for its session, and finds it ended.
 */
export async function endEverythingIssued(
  tx: Db,
  tenantId: string,
  reason: 'restored',
  now: number,
): Promise<EndedCounts> {
  const sessions = await endSessions.run(tx, { tenantId, reason, now });
  const grants = await revokeGrants.run(tx, { tenantId, reason, now });
  for (const removal of removals) await removal.run(tx, { tenantId });
  return { sessions, grants };
}

const foreignChanges = statement(
  {},
  () => sql`DELETE FROM changes WHERE position >= pg_snapshot_xmax(pg_current_snapshot())`,
);
const leases = statement({}, (q) => q.deleteFrom('leases'));

/** Removes what counts by the transactions or by the processes of the place that the copy was made in. */
export async function forgetFormerLocation(tx: Db): Promise<void> {
  await foreignChanges.run(tx, {});
  await leases.run(tx, {});
}
