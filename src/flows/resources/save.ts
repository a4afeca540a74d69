// Makes a resource, or brings it to what is wanted.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Resource } from '../../domain/resource.ts';
import { type ResourceEntry, scopeName } from '../../schemas/resource.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import * as storage from '../../storage/resources.ts';
import { record } from '../events.ts';
import type { SaveOutcome } from '../save-outcome.ts';

/**
 * What the entry leaves out stays as it was. `known` is the resource as it is stored.
 * Drop the tenant's resources from memory when the transaction of `tx` is kept.
 */
export async function saveResource(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: ResourceEntry,
  known: Resource | undefined,
): Promise<SaveOutcome> {
  const { tenant, now } = context;
  const scopes = (entry.scopes ?? known?.scopes ?? []).map((scope) =>
    typeof scope === 'string' ? { name: scopeName(scope) } : scope,
  );
  const wanted = { identifier: entry.identifier, name: entry.name ?? known?.name, scopes };
  if (known && isDeepStrictEqual(known, wanted)) return 'unchanged';
  await storage.saveResource(tx, tenant.id, wanted, now);
  await record(deps, tx, context, {
    type: known ? 'resource.updated' : 'resource.created',
    data: { identifier: entry.identifier },
  });
  await recordChange(tx, { kind: 'resource', tenantId: tenant.id, entity: '' }, now);
  return known ? 'updated' : 'created';
}
