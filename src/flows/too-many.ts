// Whoever has guessed or asked too often: counted under the limit that they met, and told how long to wait.
import type { Deps } from '../deps.ts';
import { Refusal } from '../domain/errors.ts';
import type { LimitKind } from '../domain/metrics.ts';

/** Refusal too_many_attempts, to be thrown. `wait`: in milliseconds, of which whole seconds are said, and one at least. */
export function tooMany({ metrics }: Pick<Deps, 'metrics'>, kind: LimitKind, wait: number, message: string): Refusal {
  metrics.limited(kind);
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  return new Refusal('too_many_attempts', message, { retryAfter });
}
