// What changed among the things that processes keep in memory, in an order that skips no running transaction.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type ChangeKind = 'tenant' | 'client' | 'resource' | 'keys';
export type Change = { readonly tenantId: string; readonly kind: ChangeKind; readonly entity: string };

const insert = statement({ tenantId: 'uuid', kind: 'text', entity: 'text', now: 'timestamptz' }, (q, p) =>
  q.insertInto('changes').values({ tenant_id: p.tenantId, kind: p.kind, entity: p.entity, changed_at: p.now }),
);

/** Tells every process to drop what it holds of `entity`. Call it on the transaction that changes it. */
export async function recordChange(tx: Db, change: Change, now: number): Promise<void> {
  await insert.run(tx, { ...change, now });
}

// Uses changes_position_idx. LEFT JOIN, so that the position comes back even when nothing changed.
const since = statement(
  { position: 'text' },
  (_q, p) =>
    sql<{ position: string; tenant_id: string | null; kind: ChangeKind | null; entity: string | null }>`
    WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS position)
    SELECT DISTINCT horizon.position::text AS position, changes.tenant_id, changes.kind, changes.entity
    FROM horizon
    LEFT JOIN changes ON changes.position >= ${p.position}::xid8`,
);

const horizon = statement(
  {},
  () => sql<{ position: string }>`SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS position`,
);

/** The position before which every transaction has ended: where a process that holds nothing yet may begin to read. */
export async function currentPosition(db: Db): Promise<string> {
  return (await horizon.first(db, {}))!.position;
}

/**
 * Every change from `position` on that can be seen, and the position to go on from: no further than the oldest running
 * transaction, whose changes cannot be seen yet. While that one runs, later changes come back again and again.
 */
export async function changesSince(db: Db, position: string): Promise<{ position: string; changes: Change[] }> {
  const rows = await since.all(db, { position });
  const changes = rows.flatMap(({ tenant_id, kind, entity }) =>
    tenant_id === null || kind === null || entity === null ? [] : [{ tenantId: tenant_id, kind, entity }],
  );
  return { position: rows[0]!.position, changes };
}
