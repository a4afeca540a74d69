// The work that goes on by itself: the lives of keys and the removal of what expired, by one process at a time.
import type { Deps } from '../../deps.ts';
import { takeLease } from '../../storage/leases.ts';
import { expiring } from '../../storage/purge.ts';
import { newId } from '../events.ts';
import { resealRotationKeys } from '../grants/rotation-key.ts';
import { resealKeys } from '../keys/ring.ts';
import { resealTotpSecrets } from '../second-factors/reseal.ts';
import { advanceKeys } from '../keys/advance.ts';
import { keepAuditMonths } from './audit-months.ts';

/** Milliseconds between two rounds. */
const interval = 60_000;

/** Batches of one kind in a round. */
const mostBatches = 200;

/** What the settings say of it. */
export type Policies = {
  /** Months for which audit events are kept after the one they are of; undefined: for ever. */
  readonly auditMonths?: number | undefined;
};

/** One round, if this process gets the lease. What expired is removed also when the keys are in trouble. */
export async function maintain(deps: Deps, holder: string, policies: Policies = {}): Promise<void> {
  const now = deps.clock();
  if (!(await takeLease(deps.db, 'maintenance', holder, now, now + 2 * interval))) return;
  try {
    await resealKeys(deps);
    await resealRotationKeys(deps);
    await resealTotpSecrets(deps);
    await advanceKeys(deps);
  } finally {
    await purgeExpired(deps, now);
    await keepAuditMonths(deps, policies.auditMonths);
  }
}

/** A kind that cannot be removed is said, and keeps no other one. */
export async function purgeExpired(deps: Deps, now: number): Promise<void> {
  for (const [kind, removeSome] of Object.entries(expiring)) {
    try {
      for (let batch = 0; batch < mostBatches && (await removeSome(deps.db, now)) > 0; batch += 1);
    } catch (error) {
      deps.log.warn({ err: error, kind }, 'what expired could not be removed; it is tried again in a minute');
    }
  }
}

export type Maintenance = {
  /** Resolves when no round is under way. */
  settled(): Promise<void>;
  /** No more rounds. Resolves when the last one has ended. */
  stop(): Promise<void>;
};

/** Does a round now and one a minute. A round that fails is tried again with the next. */
export function startMaintenance(deps: Deps, policies: Policies): Maintenance {
  const holder = newId(deps, deps.clock());
  let running = Promise.resolve();
  const round = () => {
    running = running
      .then(() => maintain(deps, holder, policies))
      .catch((error: unknown) => deps.log.warn({ err: error }, 'maintenance failed; it is tried again in a minute'));
  };
  round();
  const timer = setInterval(round, interval);
  timer.unref();
  return {
    settled: () => running,
    stop() {
      clearInterval(timer);
      return running;
    },
  };
}
