// Keys that are fetched: how long they are used, when they are fetched again, and what counts while that fails.
import { KeysUnavailable } from './errors.ts';

/** Seconds, but for the clock, which says milliseconds. */
export type KeptTimes = {
  /** Longest use without asking again, whatever the answer says. */
  readonly keysMaxAge: number;
  /** Between two successful fetches at least. */
  readonly keysCooldown: number;
  /** Longest use while fetching fails. */
  readonly keysOfflineFor: number;
  readonly now: () => number;
  /** Told of each fetch that fails. */
  readonly onFetchFailed?: ((cause: unknown) => void) | undefined;
};

/** `maxAge`: seconds for which whoever answered lets it be kept; undefined when nothing is said. */
export type FetchedKeys<Keys> = { readonly keys: Keys; readonly maxAge: number | undefined };

export type KeptKeys<Keys> = {
  /** The keys if they count at `now` (milliseconds) without waiting. */
  current(now: number): Keys | undefined;
  /** What `pick` finds in the keys; fetches them if they are too old, or if it finds nothing. @throws KeysUnavailable */
  find<Found>(pick: (keys: Keys) => Found | undefined): Promise<Found | undefined>;
  /** Fetches the keys, so that nobody waits for them later. @throws KeysUnavailable when there are none */
  prime(): Promise<void>;
};

/** Milliseconds after which a failed fetch is tried again: doubled each time, from the first to the last. */
const firstRetry = 1000;
const lastRetry = 5000;

/** RFC 9111: keys that are fetched when first needed, by one fetch at a time. `load` is given those before. */
export function keepKeys<Keys>(
  load: (former: Keys | undefined) => Promise<FetchedKeys<Keys>>,
  times: KeptTimes,
): KeptKeys<Keys> {
  const { now: clock } = times;
  const cooldown = times.keysCooldown * 1000;
  let keys: Keys | undefined;
  let fetchedAt = -Infinity;
  let freshFor = 0;
  let failedAt = -Infinity;
  let failures = 0;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  const retryAfter = () => retryDelay(failures);
  // A clock that was set back makes nothing younger: the keys are asked for again.
  const isFresh = (now: number) => now >= fetchedAt && now - fetchedAt < freshFor;
  const isUsable = (now: number) => isFresh(now) || now - fetchedAt < times.keysOfflineFor * 1000;
  const isDue = (now: number) =>
    failures > 0 ? !within(now, failedAt, retryAfter()) : !within(now, fetchedAt, cooldown);

  async function fetchKeys(): Promise<void> {
    const startedAt = clock();
    try {
      const { keys: fetched, maxAge = Infinity } = await load(keys);
      keys = fetched;
      fetchedAt = startedAt;
      freshFor = Math.max(cooldown, Math.min(maxAge, times.keysMaxAge) * 1000);
      failures = 0;
    } catch (error) {
      failedAt = clock();
      failures += 1;
      failure = error;
      times.onFetchFailed?.(error);
    }
  }

  async function refresh(): Promise<void> {
    if (!fetching && !isDue(clock())) return;
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    await fetching;
  }

  /** Whether the keys count at `now` without waiting: fresh, or whoever has them has just been found out of reach. */
  function areReady(now: number): boolean {
    if (isFresh(now)) return true;
    if (failures === 0 || !isUsable(now) || !within(now, failedAt, cooldown)) return false;
    // Beside the requests: each would wait for the whole timeout otherwise.
    if (isDue(now)) void refresh();
    return true;
  }

  function unavailable(): KeysUnavailable {
    return new KeysUnavailable(Math.max(1, Math.ceil((failedAt + retryAfter() - clock()) / 1000)), failure);
  }

  return {
    current: (now) => (areReady(now) ? keys : undefined),
    async find(pick) {
      if (!areReady(clock())) await refresh();
      if (keys === undefined || !isUsable(clock())) throw unavailable();
      if (pick(keys) === undefined) await refresh();
      const found = pick(keys);
      // It may be a new key, which is then not to be told from a false one.
      if (found === undefined && failures > 0) throw unavailable();
      return found;
    },
    async prime() {
      await refresh();
      if (!isUsable(clock())) throw unavailable();
    },
  };
}

/** Milliseconds from the last of so many failures in a row to the next fetch. */
export function retryDelay(failures: number): number {
  return Math.min(lastRetry, firstRetry * 2 ** (failures - 1));
}

/** Whether less time has passed; not so for a clock that was set back. */
export function within(now: number, since: number, milliseconds: number): boolean {
  return now >= since && now - since < milliseconds;
}
