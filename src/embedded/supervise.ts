// Keeps Postgres running: one that ended by itself is started again, for as long as it takes.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, RunningPostgres } from './cluster.ts';
import type { Ending } from './guard.ts';

/** What became of it, with Postgres' own last words: since it took connections, or since its start if it never did. */
export type PostgresNews =
  | (Ending & { readonly what: 'ended' | 'not started'; readonly words: string; readonly againInMs: number })
  | { readonly what: 'running' };

export type Supervised = {
  /** Resolves when it ended by itself and is not to be started again. */
  readonly lost: Promise<void>;
  /** Ends it, also in the middle of a start, and removes the directory of its socket. */
  stop(): Promise<void>;
};

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** Who has run for so long has not failed because of how it was started. */
const STEADY_MS = 60_000;

/**
 * Runs the cluster. `again`: whenever it ends by itself (the disk was full, somebody killed it) it is started again, at
 * first after 250 ms, then after pauses that double up to 15 s, until it has run for a minute. @throws Error when the first start fails.
 */
export async function keepRunning(
  cluster: Cluster,
  options: { again: boolean; tell: (news: PostgresNews) => void },
): Promise<Supervised> {
  const ending = new AbortController();
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  let running: RunningPostgres | undefined;
  try {
    running = await cluster.run();
  } catch (error) {
    await cluster.leave();
    throw error;
  }
  let pauseMs = FIRST_PAUSE_MS;
  const pause = async (what: 'ended' | 'not started', words: string, { status, signal }: Ending) => {
    options.tell({
      what,
      words,
      ...(status !== undefined && { status }),
      ...(signal !== undefined && { signal }),
      againInMs: pauseMs,
    });
    await sleep(pauseMs, undefined, { signal: ending.signal, ref: false }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  };
  const untilTold = async () => {
    for (let since = performance.now(); ; since = performance.now()) {
      const { words, ...how } = await running!.ended;
      if (ending.signal.aborted) return;
      if (!options.again) return lose();
      if (performance.now() - since > STEADY_MS) pauseMs = FIRST_PAUSE_MS;
      running = undefined;
      await pause('ended', words, how);
      while (!running) {
        if (ending.signal.aborted) return;
        try {
          running = await cluster.run(ending.signal);
        } catch (error) {
          if (!ending.signal.aborted) await pause('not started', (error as Error).message, error as Ending);
        }
      }
      if (ending.signal.aborted) return;
      options.tell({ what: 'running' });
    }
  };
  const told = untilTold();
  return {
    lost,
    async stop() {
      ending.abort();
      // Not before a start that is under way has been given up.
      if (!running) await told;
      await running?.stop();
      await cluster.leave();
    },
  };
}
