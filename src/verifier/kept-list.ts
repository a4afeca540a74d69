// A status list that is kept: how long it is used, when it is fetched again, and what counts while that fails.
import { StatusUnavailable } from './errors.ts';
import { retryDelay, within } from './kept-keys.ts';
import type { Settings } from './options.ts';
import type { StatusList } from './status-list.ts';

/** `outside`: the list has no such place. */
export type Status = 'good' | 'revoked' | 'outside';

type ListTimes = Pick<
  Settings,
  'revocation' | 'listsMaxAge' | 'listsOfflineFor' | 'clockTolerance' | 'now' | 'onFetchFailed'
>;

export type KeptList = {
  /** The status at this place, if it can be said at `now` (milliseconds) without waiting. */
  statusNow(index: number, now: number): Status | undefined;
  /** The status at this place; fetches the list if it is too old. @throws StatusUnavailable */
  status(index: number): Promise<Status>;
  /** Whether the list expired more than a day before `now` (milliseconds), and fetching it has not failed since. */
  isOver(now: number): boolean;
};

/** Seconds for which a list is used at least, whatever it says: it is asked for no more often. */
const leastAge = 1;

/** Milliseconds without a fetch after which it is no longer known whether fetching fails. */
const pause = 30_000;

const day = 86_400_000;

/** Token Status List 5.1, 8.3: a list that is fetched when first needed, by one fetch at a time. `load` is given the one before. */
export function keepList(load: (held: StatusList | undefined) => Promise<StatusList>, times: ListTimes): KeptList {
  const { now: clock, clockTolerance, listsMaxAge } = times;
  const offlineFor = times.listsOfflineFor * 1000;
  const isOpen = times.revocation === 'open';
  let list: StatusList | undefined;
  let bits: Uint8Array = new Uint8Array();
  let fetchedAt = -Infinity;
  let freshFor = 0;
  /** Milliseconds since 1970. */
  let endsAt = -Infinity;
  let failures = 0;
  let failingSince = -Infinity;
  let failedAt = -Infinity;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  // A clock that was set back makes nothing younger: the list is asked for again.
  const isFresh = (now: number) => now >= fetchedAt && now - fetchedAt < freshFor;
  const isUsable = (now: number) =>
    (now < endsAt && within(now, fetchedAt, freshFor + offlineFor)) ||
    (isOpen && within(now, failingSince, offlineFor));
  const isDue = (now: number) =>
    failures > 0 ? !within(now, failedAt, retryDelay(failures)) : !within(now, fetchedAt, freshFor / 2);

  async function fetchList(): Promise<void> {
    const startedAt = clock();
    try {
      list = await load(list);
      ({ bits } = list);
      fetchedAt = startedAt;
      endsAt = (list.expiresAt + clockTolerance) * 1000;
      freshFor = Math.min(Math.max(leastAge, Math.min(list.ttl, listsMaxAge)) * 1000, endsAt - startedAt);
      failures = 0;
      failingSince = -Infinity;
    } catch (error) {
      failedAt = clock();
      if (failures === 0) failingSince = failedAt;
      failures += 1;
      failure = error;
      times.onFetchFailed?.(error);
    }
  }

  async function refresh(): Promise<void> {
    if (!fetching && !isDue(clock())) return;
    fetching ??= fetchList().finally(() => {
      fetching = undefined;
    });
    await fetching;
  }

  /** Whether the list counts at `now` without waiting: fresh, or has just been found out of reach. */
  function isReady(now: number): boolean {
    if (!isFresh(now) && (failures === 0 || !isUsable(now) || !within(now, failedAt, pause))) return false;
    // Beside the requests, and before the list is too old: so hardly one waits.
    if (!fetching && isDue(now)) void refresh();
    return true;
  }

  /** `>>` counts in 32 bits, and a place may be larger. */
  const isOutside = (index: number) => index >= bits.length * 8;
  const isRevoked = (index: number) => !isOutside(index) && ((bits[index >> 3]! >> (index & 7)) & 1) === 1;
  const placeOf = (index: number) => (list && isOutside(index) ? 'outside' : 'good');

  function statusNow(index: number, now: number): Status | undefined {
    // However old the list is.
    if (isRevoked(index)) return 'revoked';
    return isReady(now) ? placeOf(index) : undefined;
  }

  return {
    statusNow,
    async status(index) {
      const status = statusNow(index, clock());
      if (status) return status;
      await refresh();
      if (isRevoked(index)) return 'revoked';
      const now = clock();
      if (failures > 0 && !isUsable(now))
        throw new StatusUnavailable(Math.max(1, Math.ceil((failedAt + retryDelay(failures) - now) / 1000)), failure);
      return placeOf(index);
    },
    isOver: (now) => list !== undefined && failures === 0 && now - endsAt > day,
  };
}
