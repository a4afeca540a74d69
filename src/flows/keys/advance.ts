// The lives of signing keys: every step that is due, for every tenant.
import type { Deps } from '../../deps.ts';
import { contextWithoutRequest, type RequestContext } from '../../domain/context.ts';
import { algsOf, dueMoves } from '../../domain/key-life.ts';
import { recordChange } from '../../storage/changes.ts';
import { listPublishedKeys, moveKey, postponeDueKeys, tenantsWithDueKeys } from '../../storage/signing-keys.ts';
import { findTenantById, lockTenant } from '../../storage/tenants.ts';
import { record } from '../events.ts';
import { insertMadeKey, makeSealedKey } from './ring.ts';

/** Takes every step that is due in the lives of all tenants' keys. Any number of processes may do it at once. */
export async function advanceKeys(deps: Deps): Promise<void> {
  const now = deps.clock();
  for (const tenantId of await tenantsWithDueKeys(deps.db, now)) {
    const tenant = await findTenantById(deps.db, tenantId);
    if (!tenant) continue;
    // One tenant's trouble must not stop the others.
    await advanceKeysOf(deps, contextWithoutRequest(deps, tenant, now)).catch((error: unknown) =>
      deps.log.error(
        { tenant: tenant.slug, error: (error as Error).message },
        'the keys of a tenant could not be advanced',
      ),
    );
  }
}

async function advanceKeysOf(deps: Deps, context: RequestContext): Promise<void> {
  const { tenant, now } = context;
  const seen = await listPublishedKeys(deps.db, tenant.id);
  const expected = dueMoves(seen, algsOf(seen), now);
  const made = await Promise.all(
    expected.flatMap((move) => (move.kind === 'create-next' ? [makeSealedKey(deps, tenant.id, move.alg)] : [])),
  );
  await deps.db.transaction(async (tx) => {
    await lockTenant(tx, tenant.id);
    // Another process, or somebody's command, may have moved them since: what was revoked takes nobody's place.
    const keys = await listPublishedKeys(tx, tenant.id);
    const moves = dueMoves(keys, algsOf(keys), now);
    for (const move of moves) {
      const key = move.kind === 'create-next' ? made.find(({ alg }) => alg === move.alg) : undefined;
      if (key) await insertMadeKey(deps, tx, context, key, 'next');
      if (move.kind === 'remove' && (await moveKey(tx, tenant.id, move.kid, 'retired', 'gone', now))) {
        await record(deps, tx, context, { type: 'key.removed', data: { kid: move.kid } });
      }
      if (move.kind !== 'activate') continue;
      // The old key leaves first: an index lets only one be active.
      if (move.active !== undefined && (await moveKey(tx, tenant.id, move.active, 'active', 'retired', now))) {
        await record(deps, tx, context, { type: 'key.retired', data: { kid: move.active } });
      }
      if (await moveKey(tx, tenant.id, move.next, 'next', 'active', now)) {
        await record(deps, tx, context, { type: 'key.activated', data: { kid: move.next } });
      }
    }
    await postponeDueKeys(tx, tenant.id, now, now + 3600_000);
    await recordChange(tx, { kind: 'keys', tenantId: tenant.id, entity: '' }, now);
  });
  deps.memory.drop({ kind: 'keys', tenantId: tenant.id, entity: '' });
}
