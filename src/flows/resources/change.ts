// Resources as administrators make, change and delete them, one at a time.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { alreadyThere, Refusal } from '../../domain/errors.ts';
import { namedAmong, type Resource } from '../../domain/resource.ts';
import { checkedResource, checkedResourcePatch, resourceEntryOf, shownResource } from '../../schemas/resource.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import { listResources, removeResource } from '../../storage/resources.ts';
import { lockTenant } from '../../storage/tenants.ts';
import { assertMatches } from '../precondition.ts';
import { record } from '../events.ts';
import { dropKeys } from '../keys/change.ts';
import { letFirstKeysSign, makeFirstKeys } from '../keys/provide.ts';
import { bringResourceTo, saveResource, scopesOf } from './save.ts';

/** By identifier. */
export function storedResources(deps: Deps, { tenant }: RequestContext): Promise<readonly Resource[]> {
  return listResources(deps.db, tenant.id);
}

/** @throws Refusal not_found. */
export async function resourceNamed(deps: Deps, context: RequestContext, identifier: string): Promise<Resource> {
  return among(await storedResources(deps, context), identifier);
}

/** @throws Refusal invalid_input with every mistake; exists. */
export async function createResource(deps: Deps, context: RequestContext, given: unknown): Promise<Resource> {
  const entry = checkedResource(given);
  return changing(deps, context, entry.access_token_signed_response_alg, async (tx, known) => {
    const names = known.map((one) => one.identifier);
    if (namedAmong(names, entry.identifier) !== undefined) throw alreadyThere(`resource ${entry.identifier}`);
    await saveResource(deps, tx, context, entry, known);
    return among(await listResources(tx, context.tenant.id), entry.identifier);
  });
}

/** RFC 7396. @throws Refusal not_found, precondition_required, precondition_failed, invalid_input. */
export async function changeResource(
  deps: Deps,
  context: RequestContext,
  identifier: string,
  { patch, ifMatch }: { readonly patch: unknown; readonly ifMatch: string | undefined },
): Promise<Resource> {
  const before = await resourceNamed(deps, context, identifier);
  const { access_token_signed_response_alg: alg } = checkedResourcePatch(resourceEntryOf(before), patch);
  return changing(deps, context, alg, async (tx, known) => {
    const stored = among(known, identifier);
    assertMatches(ifMatch, shownResource(stored));
    const entry = checkedResourcePatch(resourceEntryOf(stored), patch);
    const wanted: Resource = {
      identifier: stored.identifier,
      name: entry.name,
      scopes: scopesOf(entry.scopes ?? []),
      access_token_lifetime: entry.access_token_lifetime,
      access_token_signed_response_alg: entry.access_token_signed_response_alg,
      access_token_type: entry.access_token_type,
    };
    await bringResourceTo(deps, tx, context, stored, wanted);
    return among(await listResources(tx, context.tenant.id), stored.identifier);
  });
}

/** No more tokens are issued for it; those there are go on until they expire. @throws Refusal not_found, precondition_*. */
export async function deleteResource(
  deps: Deps,
  context: RequestContext,
  identifier: string,
  { ifMatch }: { readonly ifMatch: string | undefined },
): Promise<void> {
  await changing(deps, context, undefined, async (tx, known) => {
    const stored = among(known, identifier);
    assertMatches(ifMatch, shownResource(stored));
    await removeResource(tx, context.tenant.id, stored.identifier);
    await record(deps, tx, context, { type: 'resource.deleted', data: { identifier: stored.identifier } });
    await recordChange(tx, { kind: 'resource', tenantId: context.tenant.id, entity: '' }, context.now);
  });
}

/** `work` with the resources as they are while nobody else changes them, and a key for `alg`. */
async function changing<T>(
  deps: Deps,
  context: RequestContext,
  alg: Resource['access_token_signed_response_alg'],
  work: (tx: Db, known: readonly Resource[]) => Promise<T>,
): Promise<T> {
  const { id: tenantId } = context.tenant;
  const keys = await makeFirstKeys(deps, context, alg === undefined ? [] : [alg]);
  const done = await deps.db.transaction(async (tx) => {
    await lockTenant(tx, tenantId);
    await letFirstKeysSign(deps, tx, context, keys);
    return work(tx, await listResources(tx, tenantId));
  });
  deps.memory.drop({ kind: 'resource', tenantId, entity: '' });
  if (keys.length > 0) dropKeys(deps, context);
  return done;
}

function among(resources: readonly Resource[], identifier: string): Resource {
  const found = resources.find((one) => one.identifier === identifier);
  if (!found) throw new Refusal('not_found', `There is no resource ${identifier}.`);
  return found;
}
