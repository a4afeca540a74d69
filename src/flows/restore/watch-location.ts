// A database swapped under a running server: every process looks where its tables are, and says so when that changed.
import type { Deps } from '../../deps.ts';
import { Unavailable } from '../../domain/errors.ts';
import { type DatabaseLocation, isSameLocation } from '../../domain/location.ts';
import { currentLocation, knownLocation } from '../../storage/location.ts';

/** Milliseconds between two looks. */
const interval = 10_000;

export type LocationWatch = {
  /** Resolves when the tables are elsewhere than `home`, or came from elsewhere. */
  readonly moved: Promise<void>;
  /** No more looks. */
  stop(): void;
};

/**
 * Looks every ten seconds. `home` is where this process found the tables when it started: where they were last found
 * stands in them, but another process may have accepted the new location by now, and this one still has the old in memory.
 */
export function watchLocation(deps: Deps, home: DatabaseLocation): LocationWatch {
  const { promise: moved, resolve } = Promise.withResolvers<void>();
  let stopped = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    try {
      if (await isMoved(deps, home)) return resolve();
    } catch (error) {
      // Who follows the changes says that the database is away.
      if (!stopped && !(error instanceof Unavailable))
        deps.log.warn({ err: error }, 'where the database is cannot be read');
    }
    if (!stopped) schedule();
  };
  const schedule = () => {
    timer = setTimeout(() => void look(), interval);
    timer.unref();
  };
  schedule();
  return {
    moved,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function isMoved({ db }: Deps, home: DatabaseLocation): Promise<boolean> {
  if (!isSameLocation(home, await currentLocation(db))) return true;
  const known = await knownLocation(db);
  return known !== undefined && !isSameLocation(home, known);
}
