// Every signing key of a tenant taken back at once, and others in their place: for when nobody knows who has copies.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { algsOf } from '../../domain/key-life.ts';
import type { Db } from '../../storage/database.ts';
import { changeKeysInside, takeKeyBack } from './change.ts';
import { insertMadeKey, makeSealedKey, type SealedKey } from './ring.ts';

/**
 * Revokes all keys of the context's tenant, also the next and the retired ones, and lets `keys` sign from now on: one
 * for each of its algorithms, as `newKeysOf` makes them before the transaction. Other processes know within a second; this
 * one when the caller has dropped `{ kind: 'keys' }` from memory after the commit.
 * @returns the ids of the revoked keys.
 */
export function replaceAllKeys(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  keys: readonly SealedKey[],
): Promise<string[]> {
  return changeKeysInside(deps, tx, context, async (published) => {
    const revoked: string[] = [];
    for (const key of published) if (await takeKeyBack(deps, tx, context, key)) revoked.push(key.kid);
    for (const alg of algsOf(published)) {
      // One that a client asked for after the others were made is rare enough to be made here.
      const key = keys.find((made) => made.alg === alg) ?? (await makeSealedKey(deps, context.tenant.id, alg));
      if (!(await insertMadeKey(deps, tx, context, key, 'active')))
        throw new Error(`another ${key.alg} key became active at the same moment`);
    }
    return revoked;
  });
}
