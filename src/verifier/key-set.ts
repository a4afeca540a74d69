// The issuer's keys: fetched from where its metadata says, and named by their `kid`.
import { fetchDocument, fetchKeysAddress } from './issuer-documents.ts';
import { keepKeys } from './kept-keys.ts';
import { type Settings, usualAlgorithms } from './options.ts';
import { type UsableKey, usableKeys, type UsableKeys } from './usable-keys.ts';

export type KeySet = {
  /** The key with this `kid` if that can be said at `now` (milliseconds) without waiting. */
  current(kid: string, now: number): UsableKey | undefined;
  /** The key with this `kid`; fetches the keys if they are too old, or if it is unknown. @throws KeysUnavailable */
  keyNamed(kid: string): Promise<UsableKey | undefined>;
  /** Fetches the keys, so that nobody waits for them later. @throws KeysUnavailable when there are none */
  prime(): Promise<void>;
};

/** Keys of the issuer, fetched when first needed and one fetch at a time. */
export function createKeySet(settings: Settings): KeySet {
  // With those of status lists: under which of them a token counts is looked at beside its signature.
  const algorithms = [...settings.algorithms, ...usualAlgorithms];
  let address: string | undefined;
  const kept = keepKeys<UsableKeys>(async (former) => {
    try {
      address ??= await fetchKeysAddress(settings);
      const { body, maxAge } = await fetchDocument(address, settings);
      return { keys: await usableKeys(body, algorithms, former ?? new Map()), maxAge };
    } catch (error) {
      // It may have moved.
      address = undefined;
      throw error;
    }
  }, settings);
  return {
    current: (kid, now) => kept.current(now)?.get(kid),
    keyNamed: (kid) => kept.find((keys) => keys.get(kid)),
    prime: () => kept.prime(),
  };
}
