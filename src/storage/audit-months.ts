// The partitions of the audit log: one a month, made ahead; rows that were written before theirs was there are moved into it.
import { type Month, monthNamed, monthOf, nameOf, startOf } from '../domain/month.ts';
import type { Db } from './database.ts';
import { statementName } from './database.ts';

const prefix = 'audit_events_';

async function send<R>(db: Pick<Db, 'send'>, text: string): Promise<R[]> {
  return (await db.send({ text, name: statementName(text) }, [])).rows as R[];
}

/** The months that have a partition of their own. */
export async function auditMonths(db: Pick<Db, 'send'>): Promise<Set<Month>> {
  const rows = await send<{ name: string }>(
    db,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit_events'::regclass`,
  );
  return new Set(rows.flatMap(({ name }) => monthNamed(name.slice(prefix.length)) ?? []));
}

/** The month of the oldest event that stands in no month's partition. Small: it holds only what came before its partition. */
export async function oldestOtherMonth(db: Pick<Db, 'send'>): Promise<Month | undefined> {
  const [row] = await send<{ at: number | null }>(db, `SELECT min(at) AS at FROM ${prefix}other`);
  return row?.at === null || row === undefined ? undefined : monthOf(row.at);
}

/** Whether more than `most` events of a month wait for its partition. */
export async function waitMoreThan(db: Pick<Db, 'send'>, month: Month, most: number): Promise<boolean> {
  const [from, to] = [startOf(month), startOf(month + 1)];
  const rows = await send(
    db,
    `SELECT 1 FROM ${prefix}other WHERE at >= '${from}' AND at < '${to}' OFFSET ${most} LIMIT 1`,
  );
  return rows.length > 0;
}

/**
 * Makes the partition of a month, with the rows that wait for it; does nothing when another process was first. By a function
 * of PostgreSQL with the rights of the owner (migrations/0006), so that whoever serves needs none to make tables.
 */
export async function addAuditMonth(tx: Pick<Db, 'send'>, month: Month): Promise<void> {
  await send(tx, `SELECT add_audit_month('${startOf(month).slice(0, 10)}')`);
}

/**
 * Drops every event of a month at once. Whoever writes an event waits while this waits for those who read the log (a
 * backup may take hours), so it gives up soon. @throws Unavailable when somebody reads.
 */
export async function dropAuditMonth(db: Db, month: Month): Promise<void> {
  await db.transaction(async (tx) => {
    await send(tx, `SET LOCAL lock_timeout = '50ms'`);
    await send(tx, `DROP TABLE IF EXISTS ${prefix}${nameOf(month)}`);
  });
}

/** Deletes up to 5000 events that are older than `month` and stand in no month's partition. @returns how many it were. */
export async function deleteOtherBefore(db: Db, month: Month): Promise<number> {
  const rows = await send(
    db,
    `DELETE FROM ${prefix}other WHERE ctid IN (SELECT ctid FROM ${prefix}other WHERE at < '${startOf(month)}' LIMIT 5000) RETURNING 1`,
  );
  return rows.length;
}
