// The work that goes on by itself: the lives of keys and the removal of what expired, by one process at a time.
import type { Deps } from '../../deps.ts';
import { mostClockDifference } from '../../domain/clock.ts';
import { releaseLease, takeLease } from '../../storage/leases.ts';
import { expiring } from '../../storage/purge.ts';
import { forgetFutureKeyTimes } from '../../storage/signing-keys.ts';
import { longestPause, noteRound, type Round } from '../../storage/upkeep-rounds.ts';
import { newId } from '../events.ts';
import { resealRotationKeys } from '../grants/rotation-key.ts';
import { resealKeys } from '../keys/ring.ts';
import { resealTotpSecrets } from '../second-factors/reseal.ts';
import { advanceKeys } from '../keys/advance.ts';
import { keepAuditMonths } from './audit-months.ts';
import { clockTrouble } from './clocks.ts';

/** Milliseconds between two rounds. */
const interval = 60_000;

const lease = 'maintenance';

/** Batches of one kind in a round. */
const mostBatches = 200;

/** What the settings say of it. */
export type Policies = {
  /** Months for which audit events are kept after the one they are of; undefined: for ever. */
  readonly auditMonths?: number | undefined;
};

/**
 * One round, if this process gets the lease. What expired is removed also when the keys are in trouble. Nothing at all is
 * done by a process whose clock is not the database's: it would delete what has not expired and move keys before their turn.
 */
export async function maintain(deps: Deps, holder: string, policies: Policies = {}): Promise<void> {
  const trouble = await clockTrouble(deps);
  if (trouble !== undefined) {
    deps.log.error(`${trouble} Until they agree this process removes nothing and moves no key.`);
    return;
  }
  const now = deps.clock();
  if (!(await takeLease(deps.db, lease, holder, now, now + 2 * interval))) return;
  const round = await noteRound(deps.db, now);
  sayJump(deps, round);
  try {
    if (round.since !== undefined && round.since < -mostClockDifference) await forgetFutureKeyTimes(deps.db, now);
    await resealKeys(deps);
    await resealRotationKeys(deps);
    await resealTotpSecrets(deps);
    await advanceKeys(deps);
  } finally {
    await purgeExpired(deps, now, round.held ? harmless : undefined);
    await keepAuditMonths(deps, policies.auditMonths);
  }
}

/** What may go also after a clock has jumped: nobody loses anything by it, and it would lead on to what lives. */
const harmless: readonly string[] = ['rotation_keys'];

/** Both clocks may be wrong together: then the last round is what tells. */
function sayJump(deps: Deps, { since, held }: Round): void {
  if (since !== undefined && since > longestPause)
    deps.log.warn(
      { hours: Math.round(since / 3600_000) },
      'no round of maintenance was made for more than an hour, or the clocks have jumped: nothing that expired is removed for a day',
    );
  if (since !== undefined && since < -mostClockDifference)
    deps.log.warn(
      'the last round of maintenance was in the future: the clocks were wrong then, and what they set binds nobody',
    );
  if (held) deps.log.debug('nothing that expired is removed yet');
}

/** `only`: the kinds; all, when it is left out. A kind that cannot be removed is said, and keeps no other one. */
export async function purgeExpired(deps: Deps, now: number, only?: readonly string[]): Promise<void> {
  for (const [kind, removeSome] of Object.entries(expiring)) {
    if (only && !only.includes(kind)) continue;
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
  /** No more rounds. Resolves when the last one has ended, and another process may make the next one at once. */
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
    async stop() {
      clearInterval(timer);
      await running;
      // A database that is away keeps nobody from ending: then the lease ends by itself.
      await releaseLease(deps.db, lease, holder).catch((error: unknown) =>
        deps.log.debug({ err: error }, 'the lease of maintenance could not be given back'),
      );
    },
  };
}
