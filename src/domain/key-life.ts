// The life of a signing key: next, active, retired, gone; and how long each part lasts.
import { defaultSigningAlgs, type SigningAlg, signingAlgs } from './client.ts';

export type KeyState = 'next' | 'active' | 'retired' | 'gone';

/** Milliseconds. */
export const keyLife = {
  /** How long a key signs. */
  active: 90 * 24 * 3600_000,
  /** How long before its first use a key is published: longer than any cache that obeys `Cache-Control`. */
  publishedAhead: 24 * 3600_000,
  /** How long after its last use a key is published: longer than the longest-lived token it signed. */
  publishedAfter: 31 * 24 * 3600_000,
} as const;

/** Seconds for which a key set may be cached (`Cache-Control: max-age`); well below {@link keyLife}.publishedAhead. */
export const keySetMaxAge = 300;

/** A key's place in its life. Times in milliseconds. */
export type KeyInLife = {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly state: KeyState;
  readonly stateSince: number;
};

/** What a tenant with these keys must be able to sign with: what every tenant does, and what some client came to ask for. */
export function algsOf(keys: readonly Pick<KeyInLife, 'alg' | 'state'>[]): SigningAlg[] {
  const needed = new Set<SigningAlg>(Object.values(defaultSigningAlgs));
  for (const { alg, state } of keys) if (state === 'active' || state === 'next') needed.add(alg);
  return signingAlgs.filter((alg) => needed.has(alg));
}

export type KeyMove =
  | { readonly kind: 'create-next'; readonly alg: SigningAlg }
  | { readonly kind: 'activate'; readonly alg: SigningAlg; readonly next: string; readonly active: string | undefined }
  | { readonly kind: 'remove'; readonly kid: string };

/** When the next move of a key in `state` since `since` is due, or undefined when only another key's move changes it. */
export function dueAt(state: KeyState, since: number): number | undefined {
  if (state === 'active') return since + keyLife.active - keyLife.publishedAhead;
  if (state === 'next') return since + keyLife.publishedAhead;
  if (state === 'retired') return since + keyLife.publishedAfter;
  return undefined;
}

/** The moves that are due among one tenant's keys. Applying them twice, or by two processes, changes nothing more. */
export function dueMoves(keys: readonly KeyInLife[], algs: readonly SigningAlg[], now: number): KeyMove[] {
  const moves: KeyMove[] = [];
  for (const alg of algs) {
    const active = keys.find((key) => key.alg === alg && key.state === 'active');
    const next = keys.find((key) => key.alg === alg && key.state === 'next');
    if (next === undefined) {
      if (active === undefined || now >= active.stateSince + keyLife.active - keyLife.publishedAhead)
        moves.push({ kind: 'create-next', alg });
      // However it came to be made, by the schedule or on command: its turn comes when every cache can know it.
    } else if (now >= next.stateSince + keyLife.publishedAhead) {
      moves.push({ kind: 'activate', alg, next: next.kid, active: active?.kid });
    }
  }
  for (const key of keys) {
    if (key.state === 'retired' && now >= key.stateSince + keyLife.publishedAfter)
      moves.push({ kind: 'remove', kid: key.kid });
  }
  return moves;
}

/** What happens to a key next, and when (milliseconds). A key is replaced when its successor, published before, begins to sign. */
export type KeyStep = {
  readonly step: 'becomes active' | 'successor is published' | 'retires' | 'is removed';
  readonly at: number;
};

/** The next step in the life of `key`, one of its tenant's `keys`; undefined when it has none left. */
export function nextKeyStep(key: KeyInLife, keys: readonly KeyInLife[]): KeyStep | undefined {
  const { state, stateSince } = key;
  if (state === 'next') return { step: 'becomes active', at: stateSince + keyLife.publishedAhead };
  if (state === 'retired') return { step: 'is removed', at: stateSince + keyLife.publishedAfter };
  if (state === 'gone') return undefined;
  const successor = keys.find(({ alg, state: other }) => alg === key.alg && other === 'next');
  return successor
    ? { step: 'retires', at: successor.stateSince + keyLife.publishedAhead }
    : { step: 'successor is published', at: stateSince + keyLife.active - keyLife.publishedAhead };
}
