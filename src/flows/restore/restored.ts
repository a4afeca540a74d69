// A database that was put back from a copy: whatever was issued before counts no more, because what was revoked after
// the copy was made would live again.
import type { Deps, PatientDeps } from '../../deps.ts';
import { contextWithoutRequest } from '../../domain/context.ts';
import { algsOf } from '../../domain/key-life.ts';
import { type DatabaseLocation, isSameLocation } from '../../domain/location.ts';
import { generationBytes } from '../../domain/status-list.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import { currentLocation, knownLocation, lockKnownLocation, rememberLocation } from '../../storage/location.ts';
import { type EndedCounts, endEverythingIssued, forgetFormerLocation } from '../../storage/issued.ts';
import { listPublishedKeys } from '../../storage/signing-keys.ts';
import { listAllTenants, lockTenant } from '../../storage/tenants.ts';
import { record } from '../events.ts';
import type { SealedKey } from '../keys/ring.ts';
import { replaceAllKeys } from '../keys/replace.ts';
import { keysForNewTenant } from '../tenants/create.ts';

/** How it came to be known: by `signet restore`, by `signet restored`, or by a server that found another location. */
export type RestoredBy = 'restore' | 'command' | 'server';

export type Restored = EndedCounts & { readonly tenants: number };

/**
 * New keys for each tenant, by its id: one for each algorithm that it has keys for in `db`. Takes long where there are many:
 * call it outside of transactions that others wait for.
 */
export async function newKeysOf(deps: Deps, db: Db, tenants: readonly Tenant[]): Promise<Map<string, SealedKey[]>> {
  const keys = new Map<string, SealedKey[]>();
  for (const { id } of tenants) keys.set(id, await keysForNewTenant(deps, id, algsOf(await listPublishedKeys(db, id))));
  return keys;
}

/**
 * Ends everything that `tenants` have issued, and lets the new `keys` sign. Without keys (the operator keeps what was
 * issued) it is only written down that a copy was put back.
 */
export async function recordRestored(
  deps: Deps,
  tx: Db,
  tenants: readonly Tenant[],
  { by, keys, now }: { by: RestoredBy; keys: ReadonlyMap<string, SealedKey[]> | undefined; now: number },
): Promise<Restored> {
  await forgetFormerLocation(tx);
  const total = { sessions: 0, grants: 0, tenants: tenants.length };
  for (const tenant of tenants) {
    const context = contextWithoutRequest(deps, tenant, now);
    // First, as whoever else changes much of a tenant does.
    await lockTenant(tx, tenant.id);
    const generation = deps.random(generationBytes).toString('hex');
    const ended = keys && (await endEverythingIssued(tx, tenant.id, { reason: 'restored', generation }, now));
    if (keys) {
      await replaceAllKeys(deps, tx, context, keys.get(tenant.id)!);
      await recordChange(tx, { kind: 'tenant', tenantId: tenant.id, entity: tenant.id }, now);
    }
    await record(deps, tx, context, { type: 'deployment.restored', data: { by, kept_issued: !keys, ...ended } });
    total.sessions += ended?.sessions ?? 0;
    total.grants += ended?.grants ?? 0;
  }
  return total;
}

/** Where these tables are, and whether that is not where a server last found them. Ask before any key is kept in memory. */
export async function findLocation(deps: Deps): Promise<{ location: DatabaseLocation; elsewhere: boolean }> {
  const known = await knownLocation(deps.db);
  const location = await currentLocation(deps.db);
  if (known === undefined) await rememberLocation(deps.db, location, deps.clock());
  return { location, elsewhere: known !== undefined && !isSameLocation(known, location) };
}

/**
 * This location is where the tables belong from now on, and unless `keepIssued`, nothing issued before counts.
 * @returns undefined when a server found it and another one was first.
 */
export async function acceptRestored(
  deps: PatientDeps,
  { by, keepIssued }: { by: RestoredBy; keepIssued: boolean },
): Promise<Restored | undefined> {
  const location = await currentLocation(deps.db);
  for (;;) {
    const keys = keepIssued ? undefined : await newKeysOf(deps, deps.db, await listAllTenants(deps.db));
    const outcome = await deps.db.transaction(async (tx) => {
      const known = await lockKnownLocation(tx);
      if (by === 'server' && known && isSameLocation(known, location)) return 'another was first';
      const tenants = await listAllTenants(tx);
      // Made since the keys were.
      if (keys && tenants.some(({ id }) => !keys.has(id))) return 'again';
      const now = deps.clock();
      const restored = await recordRestored(deps, tx, tenants, { by, keys, now });
      await rememberLocation(tx, location, now);
      return { restored, tenants };
    });
    if (outcome === 'again') continue;
    const tenants = outcome === 'another was first' ? await listAllTenants(deps.db) : outcome.tenants;
    for (const { id: tenantId } of tenants) {
      deps.memory.drop({ kind: 'keys', tenantId, entity: '' });
      deps.memory.drop({ kind: 'tenant', tenantId, entity: tenantId });
    }
    return outcome === 'another was first' ? undefined : outcome.restored;
  }
}
