// The issuer's keys: how long they are used, when they are fetched again, and what counts while that fails.
import { KeysUnavailable } from './errors.ts';
import { fetchDocument, fetchKeysAddress } from './issuer-documents.ts';
import type { Settings } from './options.ts';
import { type UsableKey, usableKeys, type UsableKeys } from './usable-keys.ts';

export type KeySet = {
  /** The key with this `kid` if that can be said at `now` (milliseconds) without waiting. */
  current(kid: string, now: number): UsableKey | undefined;
  /** The key with this `kid`; fetches the keys if they are too old, or if it is unknown. @throws KeysUnavailable */
  keyNamed(kid: string): Promise<UsableKey | undefined>;
  /** Fetches the keys, so that nobody waits for them later. @throws KeysUnavailable when there are none */
  prime(): Promise<void>;
};

/** Milliseconds after which a failed fetch is tried again: doubled each time, from the first to the last. */
const firstRetry = 1000;
const lastRetry = 5000;

/** Keys of the issuer, fetched when first needed and one fetch at a time. */
export function createKeySet(settings: Settings): KeySet {
  const { now: clock, algorithms } = settings;
  const cooldown = settings.keysCooldown * 1000;
  let keys: UsableKeys = new Map();
  let address: string | undefined;
  let fetchedAt = -Infinity;
  let freshFor = 0;
  let failedAt = -Infinity;
  let failures = 0;
  let failure: unknown;
  let fetching: Promise<void> | undefined;

  const retryAfter = () => Math.min(lastRetry, firstRetry * 2 ** (failures - 1));
  // A clock that was set back makes nothing younger: the keys are asked for again.
  const isFresh = (now: number) => now >= fetchedAt && now - fetchedAt < freshFor;
  const isUsable = (now: number) => isFresh(now) || now - fetchedAt < settings.keysOfflineFor * 1000;
  const isDue = (now: number) =>
    failures > 0 ? !within(now, failedAt, retryAfter()) : !within(now, fetchedAt, cooldown);

  async function fetchKeys(): Promise<void> {
    const startedAt = clock();
    try {
      address ??= await fetchKeysAddress(settings);
      const { body, maxAge = Infinity } = await fetchDocument(address, settings);
      keys = await usableKeys(body, algorithms, keys);
      fetchedAt = startedAt;
      freshFor = Math.max(cooldown, Math.min(maxAge, settings.keysMaxAge) * 1000);
      failures = 0;
    } catch (error) {
      // It may have moved.
      address = undefined;
      failedAt = clock();
      failures += 1;
      failure = error;
    }
  }

  async function refresh(): Promise<void> {
    if (!fetching && !isDue(clock())) return;
    fetching ??= fetchKeys().finally(() => {
      fetching = undefined;
    });
    await fetching;
  }

  /** Whether the keys count at `now` without waiting: fresh, or the issuer has just been found out of reach. */
  function areReady(now: number): boolean {
    if (isFresh(now)) return true;
    if (!isUsable(now) || !within(now, failedAt, cooldown)) return false;
    // Beside the requests: each would wait for the whole timeout otherwise.
    if (isDue(now)) void refresh();
    return true;
  }

  function unavailable(): KeysUnavailable {
    return new KeysUnavailable(Math.max(1, Math.ceil((failedAt + retryAfter() - clock()) / 1000)), failure);
  }

  return {
    current: (kid, now) => (areReady(now) ? keys.get(kid) : undefined),
    async keyNamed(kid) {
      if (!areReady(clock())) await refresh();
      if (!isUsable(clock())) throw unavailable();
      if (!keys.has(kid)) await refresh();
      const key = keys.get(kid);
      // It may be a new key, which is then not to be told from a false one.
      if (!key && failures > 0) throw unavailable();
      return key;
    },
    async prime() {
      await refresh();
      if (!isUsable(clock())) throw unavailable();
    },
  };
}

function within(now: number, since: number, milliseconds: number): boolean {
  return now >= since && now - since < milliseconds;
}
