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

/** Makes the partition of a month, with the rows that wait for it; does nothing when another process was first. */
export async function addAuditMonth(db: Db, month: Month): Promise<void> {
  const table = `${prefix}${nameOf(month)}`;
  const [from, to] = [startOf(month), startOf(month + 1)];
  await db.transaction(async (tx) => {
    // Nothing is written for the month until its partition is there; every other month goes on.
    await send(tx, `LOCK TABLE ${prefix}other IN ACCESS EXCLUSIVE MODE`);
    if ((await auditMonths(tx)).has(month)) return;
    await send(tx, `CREATE TABLE ${table} (LIKE audit_events INCLUDING ALL)`);
    await send(
      tx,
      `WITH moved AS (DELETE FROM ${prefix}other WHERE at >= '${from}' AND at < '${to}' RETURNING *) INSERT INTO ${table} SELECT * FROM moved`,
    );
    await send(tx, `ALTER TABLE audit_events ATTACH PARTITION ${table} FOR VALUES FROM ('${from}') TO ('${to}')`);
  });
}

/** Drops every event of a month at once. */
export async function dropAuditMonth(db: Db, month: Month): Promise<void> {
  await send(db, `DROP TABLE IF EXISTS ${prefix}${nameOf(month)}`);
}
