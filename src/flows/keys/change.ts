// Changes of a tenant's signing keys on command: one at a time, beside the schedule, and known to every process.
import type { Deps } from '../../deps.ts';
import type { SigningAlg } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { KeyInLife, KeyState } from '../../domain/key-life.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import { listPublishedKeys, moveKey } from '../../storage/signing-keys.ts';
import { lockTenant } from '../../storage/tenants.ts';
import { record } from '../events.ts';
import { insertMadeKey, makeSealedKey, type SealedKey } from './ring.ts';

/** The keys of the context's tenant that are published, oldest first; no private parts. */
export async function listKeys(deps: Deps, context: RequestContext, db: Db = deps.db): Promise<KeyInLife[]> {
  const keys = await listPublishedKeys(db, context.tenant.id);
  return keys.map(({ kid, alg, state, stateSince }) => ({ kid, alg, state, stateSince }));
}

export function keyIn(keys: readonly KeyInLife[], alg: SigningAlg, state: KeyState): KeyInLife | undefined {
  return keys.find((key) => key.alg === alg && key.state === state);
}

/** A new key for each of `algs` that has none waiting in `keys`, made before the transaction that needs it. */
export function makeLackingKeys(
  deps: Deps,
  context: RequestContext,
  algs: readonly SigningAlg[],
  keys: readonly KeyInLife[],
): Promise<SealedKey[]> {
  const lacking = algs.filter((alg) => keyIn(keys, alg, 'next') === undefined);
  return Promise.all(lacking.map((alg) => makeSealedKey(deps, context.tenant.id, alg)));
}

/** Runs `work` with the keys as they are while nobody else changes them, and has every process read them anew. */
export async function changeKeys<T>(
  deps: Deps,
  context: RequestContext,
  work: (tx: Db, keys: readonly KeyInLife[]) => Promise<T>,
): Promise<T> {
  const result = await deps.db.transaction((tx) => changeKeysInside(deps, tx, context, (keys) => work(tx, keys)));
  dropKeys(deps, context);
  return result;
}

/** This process reads them anew: after a change was kept. */
export function dropKeys(deps: Deps, context: RequestContext): void {
  deps.memory.drop(changeOf(context));
}

/** The same inside a transaction of the caller, who calls {@link dropKeys} after its commit. */
export async function changeKeysInside<T>(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  work: (keys: readonly KeyInLife[]) => Promise<T>,
): Promise<T> {
  await lockTenant(tx, context.tenant.id);
  const done = await work(await listKeys(deps, context, tx));
  await recordChange(tx, changeOf(context), context.now);
  return done;
}

function changeOf({ tenant }: RequestContext) {
  return { kind: 'keys', tenantId: tenant.id, entity: '' } as const;
}

/** Takes a key out of the key set for good. @returns false when it has changed its state meanwhile. */
export async function takeKeyBack(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  { kid, state }: KeyInLife,
): Promise<boolean> {
  if (!(await moveKey(tx, context.tenant.id, kid, state, 'gone', context.now))) return false;
  await record(deps, tx, context, { type: 'key.revoked', data: { kid, was: state } });
  return true;
}

/**
 * Lets another key of `alg` sign, where the active one has just left: the next one, which caches may know already, or
 * the one in `made`. @returns undefined when there is neither.
 */
export async function letSuccessorSign(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  alg: SigningAlg,
  keys: readonly KeyInLife[],
  made: readonly SealedKey[],
): Promise<{ kid: string; publishedAt: number } | undefined> {
  const { tenant, now } = context;
  const next = keyIn(keys, alg, 'next');
  if (next && (await moveKey(tx, tenant.id, next.kid, 'next', 'active', now))) {
    await record(deps, tx, context, { type: 'key.activated', data: { kid: next.kid } });
    return { kid: next.kid, publishedAt: next.stateSince };
  }
  const fresh = made.find((key) => key.alg === alg);
  if (!fresh || !(await insertMadeKey(deps, tx, context, fresh, 'active'))) return undefined;
  return { kid: fresh.kid, publishedAt: now };
}
