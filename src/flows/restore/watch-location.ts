// A database swapped under a running server: every process looks where its tables are, and says so when that changed.
import type { Deps } from '../../deps.ts';
import { Unavailable } from '../../domain/errors.ts';
import { type DatabaseLocation, isSameLocation } from '../../domain/location.ts';
import type { Following } from '../upkeep/follow-changes.ts';
import { currentLocation, knownLocation } from '../../storage/location.ts';

/** Of the looks at changes, one in so many also looks where the tables are: every ten seconds. */
const everyLooks = 20;

/**
 * Looks every ten seconds. `home` is where this process found the tables when it started: where they were last found
 * stands in them, but another process may have accepted the new location by now, and this one still has the old in memory.
 * @returns what resolves when the tables are elsewhere than `home`, or came from elsewhere.
 */
export function watchLocation(deps: Deps, home: DatabaseLocation, following: Following): Promise<void> {
  const { promise: moved, resolve } = Promise.withResolvers<void>();
  following.also(everyLooks, async () => {
    try {
      if (await isMoved(deps, home)) resolve();
    } catch (error) {
      // Who follows the changes says that the database is away.
      if (!(error instanceof Unavailable)) deps.log.warn({ err: error }, 'where the database is cannot be read');
    }
  });
  return moved;
}

async function isMoved({ db }: Deps, home: DatabaseLocation): Promise<boolean> {
  if (!isSameLocation(home, await currentLocation(db))) return true;
  const known = await knownLocation(db);
  return known !== undefined && !isSameLocation(home, known);
}
