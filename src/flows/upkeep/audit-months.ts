// The months of the audit log: made before they begin, and dropped when they are older than the settings want them kept.
import type { Deps } from '../../deps.ts';
import { monthOf } from '../../domain/month.ts';
import {
  addAuditMonth,
  auditMonths,
  deleteOtherBefore,
  dropAuditMonth,
  oldestOtherMonth,
  waitMoreThan,
} from '../../storage/audit-months.ts';
import type { Db } from '../../storage/database.ts';
import { ownsTables } from '../../storage/roles.ts';

/** How many months after this one have their partition. */
const ahead = 3;

/** Events of a past month that a server moves into its partition: what takes no more than a moment. */
const mostMoved = 100_000;

/** Batches of events in no month's partition that one round deletes. */
const mostBatches = 20;

type Part = Pick<Deps, 'db' | 'clock'> & { readonly log: Pick<Deps['log'], 'info' | 'warn'> };

/** Makes the months from this one on. A month that cannot be made now is made by another round: its events are kept meanwhile. */
export async function addAuditMonths({ db, clock }: Pick<Deps, 'db' | 'clock'>): Promise<void> {
  const now = monthOf(clock());
  const known = await auditMonths(db);
  for (let month = now; month <= now + ahead; month += 1)
    if (!known.has(month)) await db.transaction((tx) => addAuditMonth(tx, month));
}

/** Makes the oldest month that has events but no partition. What a clock wrote that was far ahead waits until its month comes. */
async function sortOldestMonth({ db, clock }: Part): Promise<void> {
  const waiting = await oldestOtherMonth(db);
  if (waiting === undefined || waiting >= monthOf(clock())) return;
  if (!(await waitMoreThan(db, waiting, mostMoved))) await db.transaction((tx) => addAuditMonth(tx, waiting));
}

/** All of them, however many events each has: for a database that nobody uses yet. `now` in milliseconds. */
export async function sortAuditMonths(tx: Pick<Db, 'send'>, now: number): Promise<void> {
  for (;;) {
    const waiting = await oldestOtherMonth(tx);
    if (waiting === undefined || waiting > monthOf(now)) return;
    await addAuditMonth(tx, waiting);
  }
}

/**
 * Drops the oldest month that ended more than `kept` months ago; the next round drops the next. Who serves without owning the
 * tables leaves it to `signet migrate`.
 */
async function dropAuditMonths({ db, clock, log }: Part, kept: number | undefined): Promise<void> {
  if (kept === undefined || !(await ownsTables(db))) return;
  const oldestKept = monthOf(clock()) - kept;
  const oldest = Math.min(...(await auditMonths(db)));
  if (oldest < oldestKept) {
    await dropAuditMonth(db, oldest);
    log.info({ month: oldest }, 'the audit events of a month were dropped, as AUDIT_MONTHS says');
  }
  for (let batch = 0; batch < mostBatches && (await deleteOtherBefore(db, oldestKept)) > 0; batch += 1);
}

/**
 * All of it, whatever stands in the way of a part: it is said, and neither the other parts nor events wait for it. `kept` in
 * months.
 */
export async function keepAuditMonths(deps: Part, kept?: number): Promise<void> {
  for (const part of [addAuditMonths, (of: Part) => dropAuditMonths(of, kept), sortOldestMonth]) {
    try {
      await part(deps);
    } catch (error) {
      deps.log.warn({ err: error }, 'the months of the audit log could not be kept; it is tried again in a minute');
    }
  }
}
