// The months of the audit log: made before they begin, and dropped when they are older than the settings want them kept.
import type { Deps } from '../../deps.ts';
import { monthOf } from '../../domain/month.ts';
import { addAuditMonth, auditMonths, dropAuditMonth, oldestOtherMonth } from '../../storage/audit-months.ts';

/** How many months after this one have their partition. */
const ahead = 3;

/**
 * Makes the months from this one on, and the oldest one that still has events but no partition. A month that cannot be made
 * now is made by another round: its events are kept meanwhile.
 */
export async function addAuditMonths(deps: Pick<Deps, 'db' | 'clock'>): Promise<void> {
  const now = monthOf(deps.clock());
  const known = await auditMonths(deps.db);
  const wanted = Array.from({ length: ahead + 1 }, (_, i) => now + i);
  const waiting = await oldestOtherMonth(deps.db);
  // What a clock wrote that was far ahead waits until its month comes.
  if (waiting !== undefined && waiting < now) wanted.push(waiting);
  for (const month of wanted) if (!known.has(month)) await addAuditMonth(deps.db, month);
}

/** Drops the oldest month that ended more than `kept` months ago; the next round drops the next. */
async function dropAuditMonths(deps: Pick<Deps, 'db' | 'clock' | 'log'>, kept: number | undefined): Promise<void> {
  if (kept === undefined) return;
  const oldest = Math.min(...(await auditMonths(deps.db)));
  if (!(oldest < monthOf(deps.clock()) - kept)) return;
  await dropAuditMonth(deps.db, oldest);
  deps.log.info({ month: oldest }, 'the audit events of a month were dropped, as AUDIT_MONTHS says');
}

/** Both, whatever stands in the way of them: it is said, and events are written all the same. `kept` in months. */
export async function keepAuditMonths(deps: Pick<Deps, 'db' | 'clock' | 'log'>, kept?: number): Promise<void> {
  try {
    await addAuditMonths(deps);
    await dropAuditMonths(deps, kept);
  } catch (error) {
    deps.log.warn({ err: error }, 'the months of the audit log could not be kept; it is tried again in a minute');
  }
}
