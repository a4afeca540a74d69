// Keeps this process's memory true to what other processes change: polls, and never skips a running transaction.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../../deps.ts';
import { changesSince, currentPosition } from '../../storage/changes.ts';

/** Milliseconds between two looks; together with one statement well below the promised second. */
const interval = 500;

/** Milliseconds after which the next look does not wait for this one: its connection may hang, and another one does not. */
const patience = 300;

/** Looks that may hang at once; more would take the connections of requests. */
const mostHanging = 3;

export type Following = {
  /** Also does `work` with every `looks`-th look, on the same timer, one after the other. It says its own failures. */
  also(looks: number, work: () => Promise<void>): void;
  stop(): void;
};

/** Begins to follow. The first position is read before anything is kept, so call it first. */
export async function followChanges(deps: Deps): Promise<Following> {
  let position = await currentPosition(deps.db);
  let stopped = false;
  let timer: NodeJS.Timeout;
  let failures = 0;
  let looks = 0;
  const others: { looks: number; work: () => Promise<void> }[] = [];
  let begun = 0;
  let latest = 0;
  let hanging = 0;
  const read = async () => {
    if (hanging >= mostHanging) return;
    const turn = (begun += 1);
    hanging += 1;
    try {
      const found = await changesSince(deps.db, position);
      // One that hung began earlier, and knows less than those that came after it.
      if (turn > latest) [latest, position] = [turn, found.position];
      for (const change of found.changes) deps.memory.drop(change);
      if (failures > 0) deps.log.warn('the database answers again');
      failures = 0;
    } catch (error) {
      if (stopped) return;
      // The first of a row, then one a minute.
      if (failures % (60_000 / interval) === 0)
        deps.log.warn(
          { error: (error as Error).message },
          'changes cannot be read; what is kept in memory ends after a minute',
        );
      failures += 1;
    } finally {
      hanging -= 1;
    }
  };
  const look = async () => {
    await Promise.race([read(), sleep(patience, undefined, { ref: false })]);
    looks += 1;
    for (const other of others) if (!stopped && looks % other.looks === 0) await other.work();
    if (!stopped) schedule();
  };
  const schedule = () => {
    timer = setTimeout(() => void look(), interval);
    timer.unref();
  };
  schedule();
  return {
    also: (every, work) => void others.push({ looks: every, work }),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
