// Everything that a tenant has issued, ended at once: for a database that was put back from a copy.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { endGrants } from './grants.ts';
import { endSessions } from './sessions.ts';
import { statement } from './statement.ts';
import { beginStatusGeneration, repositionRevoked } from './status-bits.ts';

const params = { tenantId: 'uuid', reason: 'text', now: 'timestamptz' } as const;

// sessions_pkey
const endAllSessions = statement(params, (_q, p) => endSessions(p, { which: sql`true`, reason: p.reason }));

// grants_pkey. Their access tokens end with the generation of the tenant's status lists.
const endAllGrants = statement(params, (_q, p) => endGrants(p, { which: sql`true`, reason: p.reason }));

// Each by the primary key of its table, which begins with the tenant.
const removals = (['sign_in_attempts', 'one_time_tokens', 'consents', 'limits', 'outbox'] as const).map((table) =>
  statement({ tenantId: 'uuid' }, (q, p) => q.deleteFrom(table).where('tenant_id', '=', p.tenantId)),
);

export type EndedCounts = { readonly sessions: number; readonly grants: number };

/**
 * Ends all sessions, and all grants with their codes and tokens, also at APIs: their status lists go on under another `generation`. Forgets sign-ins that are under way, one-time tokens,
 * consents, counted attempts and messages that were sent since. Sessions first: who issues a code at this moment waits for its session, and finds it ended.
 */
export async function endEverythingIssued(
  tx: Db,
  tenantId: string,
  { reason, generation }: { readonly reason: 'restored'; readonly generation: string },
  now: number,
): Promise<EndedCounts> {
  const sessions = await endAllSessions.run(tx, { tenantId, reason, now });
  const grants = await endAllGrants.run(tx, { tenantId, reason, now });
  await beginStatusGeneration(tx, tenantId, generation);
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
  await repositionRevoked(tx);
}
