// Rotations of signing keys on command: the scheduled one brought forward, or one at once.
import type { Deps } from '../../deps.ts';
import type { SigningAlg } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { keyLife } from '../../domain/key-life.ts';
import { moveKey } from '../../storage/signing-keys.ts';
import { changeKeys, keyIn, letSuccessorSign, listKeys, makeLackingKeys } from './change.ts';
import { record } from '../events.ts';
import { insertMadeKey } from './ring.ts';

/** A key that takes over from another. Times in milliseconds. */
export type Rotation = {
  readonly alg: SigningAlg;
  readonly kid: string;
  /** Since when caches can know it. */
  readonly publishedAt: number;
  readonly activeAt: number;
  /** The key that retires then; it stays published, so that its tokens stay valid. */
  readonly retires: string | undefined;
};

/**
 * Publishes a next key of each of `algs` now. By the schedule it becomes active when every cache can know it. An
 * algorithm that has a next key already is left as it is.
 * @throws Refusal exists when all of them have one: a rotation is under way, perhaps one that began at the same moment.
 */
export async function scheduleRotation(
  deps: Deps,
  context: RequestContext,
  algs: readonly SigningAlg[],
): Promise<Rotation[]> {
  const { now } = context;
  const made = await makeLackingKeys(deps, context, algs, await listKeys(deps, context));
  return changeKeys(deps, context, async (tx, keys) => {
    const rotations: Rotation[] = [];
    for (const key of made) {
      if (!(await insertMadeKey(deps, tx, context, key, 'next'))) continue;
      const { alg, kid } = key;
      const activeAt = now + keyLife.publishedAhead;
      rotations.push({ alg, kid, publishedAt: now, activeAt, retires: keyIn(keys, alg, 'active')?.kid });
    }
    if (rotations.length > 0) return rotations;
    const waiting = keys.filter((key) => key.state === 'next' && algs.includes(key.alg));
    const names = waiting.map(({ alg, kid }) => `the next ${alg} key ${kid} is published`);
    throw refused(`A rotation is under way already: ${names.join(', and ')}.`);
  });
}

/**
 * Lets another key of each of `algs` sign from now on: the next one where one is published, else a new one.
 * @throws Refusal exists when another rotation was first.
 */
export async function rotateAtOnce(
  deps: Deps,
  context: RequestContext,
  algs: readonly SigningAlg[],
): Promise<Rotation[]> {
  const { tenant, now } = context;
  const seen = await listKeys(deps, context);
  const made = await makeLackingKeys(deps, context, algs, seen);
  return changeKeys(deps, context, async (tx, keys) => {
    const rotations: Rotation[] = [];
    for (const alg of algs) {
      const active = keyIn(keys, alg, 'active');
      if (active?.kid !== keyIn(seen, alg, 'active')?.kid) throw anotherWasFirst(alg);
      if (active && (await moveKey(tx, tenant.id, active.kid, 'active', 'retired', now)))
        await record(deps, tx, context, { type: 'key.retired', data: { kid: active.kid } });
      const successor = await letSuccessorSign(deps, tx, context, alg, keys, made);
      if (!successor) throw anotherWasFirst(alg);
      rotations.push({ alg, ...successor, activeAt: now, retires: active?.kid });
    }
    return rotations;
  });
}

function anotherWasFirst(alg: SigningAlg): Refusal {
  return refused(`Another change of the ${alg} keys was first.`);
}

function refused(what: string): Refusal {
  return new Refusal('exists', `${what} Nothing was changed.`);
}
