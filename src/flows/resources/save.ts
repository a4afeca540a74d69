// Makes a resource, or brings it to what is wanted.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import type { Resource } from '../../domain/resource.ts';
import { type ResourceEntry, scopeName } from '../../schemas/resource.ts';
import { recordChange } from '../../storage/changes.ts';
import { findClient } from '../../storage/clients.ts';
import type { Db } from '../../storage/database.ts';
import * as storage from '../../storage/resources.ts';
import { record } from '../events.ts';
import type { SaveOutcome } from '../save-outcome.ts';

/**
 * What the entry leaves out stays as it was. @throws Refusal invalid_input for the name of a client or of the issuer (ASVS 9.2.4). `known` is the resource as it is stored.
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
  if (!known && (entry.identifier === tenant.issuer || (await findClient(tx, tenant.id, entry.identifier))))
    throw invalidInput([{ path: ['identifier'], problem: 'is the name of a client or of the issuer: take another' }]);
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
