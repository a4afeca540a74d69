// The first key of an algorithm that not every tenant signs with: made when a client that asks for it is saved.
import type { Deps } from '../../deps.ts';
import type { SigningAlg } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { algsOf } from '../../domain/key-life.ts';
import type { Db } from '../../storage/database.ts';
import { changeKeysInside, dropKeys, keyIn, letSuccessorSign, listKeys } from './change.ts';
import { makeSealedKey, type SealedKey } from './ring.ts';

/** A key for each of `algs` with which the context's tenant does not sign yet, made before the transaction that needs it. */
export async function makeFirstKeys(
  deps: Deps,
  context: RequestContext,
  algs: readonly SigningAlg[],
): Promise<SealedKey[]> {
  // What every tenant has needs no look.
  const special = [...new Set(algs)].filter((alg) => !algsOf([]).includes(alg));
  if (special.length === 0) return [];
  const keys = await listKeys(deps, context);
  const lacking = special.filter((alg) => keyIn(keys, alg, 'active') === undefined);
  return Promise.all(lacking.map((alg) => makeSealedKey(deps, context.tenant.id, alg)));
}

/**
 * Lets each of `made` sign, unless another process was first or a next one is published, which then signs instead. Call
 * {@link dropKeys} when the transaction of `tx` is kept.
 */
export async function letFirstKeysSign(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  made: readonly SealedKey[],
): Promise<void> {
  if (made.length === 0) return;
  await changeKeysInside(deps, tx, context, async (keys) => {
    for (const { alg } of made)
      if (!keyIn(keys, alg, 'active')) await letSuccessorSign(deps, tx, context, alg, keys, made);
  });
}

/** Runs `work`, in one transaction with the keys that `algs` lack; where none is lacking, without one. */
export async function withKeysFor(
  deps: Deps,
  context: RequestContext,
  algs: readonly SigningAlg[],
  work: (db: Db) => Promise<void>,
): Promise<void> {
  const made = await makeFirstKeys(deps, context, algs);
  if (made.length === 0) return work(deps.db);
  await deps.db.transaction(async (tx) => {
    await letFirstKeysSign(deps, tx, context, made);
    await work(tx);
  });
  dropKeys(deps, context);
}
