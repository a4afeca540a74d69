// Every signing key of a tenant taken back at once, and others in their place: for when nobody knows who has copies.
import type { Deps } from '../deps.ts';
import type { RequestContext } from '../domain/context.ts';
import { recordChange } from '../storage/changes.ts';
import type { Db } from '../storage/database.ts';
import { listPublishedKeys, moveKey } from '../storage/signing-keys.ts';
import { lockTenant } from '../storage/tenants.ts';
import { record } from './events.ts';
import { insertMadeKey, type SealedKey } from './keys.ts';

/**
 * Revokes all keys of the context's tenant, also the next and the retired ones, and lets `keys` sign from now on: one
 * for each algorithm, as `keysForNewTenant` makes them before the transaction. Other processes know within a second; this
 * one when the caller has dropped `{ kind: 'keys' }` from memory after the commit.
 * @returns the ids of the revoked keys.
 */
export async function replaceAllKeys(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  keys: readonly SealedKey[],
): Promise<string[]> {
  const { tenant, now } = context;
  await lockTenant(tx, tenant.id);
  const revoked: string[] = [];
  for (const { kid, state } of await listPublishedKeys(tx, tenant.id)) {
    if (!(await moveKey(tx, tenant.id, kid, state, 'gone', now))) continue;
    await record(deps, tx, context, { type: 'key.revoked', data: { kid, was: state } });
    revoked.push(kid);
  }
  for (const key of keys) {
    if (!(await insertMadeKey(deps, tx, context, key, 'active')))
      throw new Error(`another ${key.alg} key became active at the same moment`);
  }
  await recordChange(tx, { kind: 'keys', tenantId: tenant.id, entity: '' }, now);
  return revoked;
}
