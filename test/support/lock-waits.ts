// Waits until statements of a test's database stand in line behind a lock: the moment at which an interleaving is sure.
import { query } from './database.ts';

const patience = 10_000;

/** Resolves when `count` statements wait for a lock, or earlier when `unless` has settled. */
export async function untilBlocked(databaseUrl: string, count: number, unless?: Promise<unknown>): Promise<void> {
  const watched = { settled: false };
  const end = () => {
    watched.settled = true;
  };
  unless?.then(end, end);
  const deadline = performance.now() + patience;
  while (!watched.settled) {
    const waiting = await query(
      databaseUrl,
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (waiting.length >= count) return;
    if (performance.now() > deadline) throw new Error(`only ${waiting.length} of ${count} statements wait for a lock`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
