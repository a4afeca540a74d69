// Makes a resource, or brings it to what is wanted.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { adminApiOf } from '../../domain/admin-api.ts';
import type { RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import { isSameResource, type Resource, type ResourceScope } from '../../domain/resource.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { type ResourceEntry, scopeName } from '../../schemas/resource.ts';
import { recordChange } from '../../storage/changes.ts';
import { findClient } from '../../storage/clients.ts';
import type { Db } from '../../storage/database.ts';
import * as storage from '../../storage/resources.ts';
import { difference } from '../difference.ts';
import { record } from '../events.ts';
import type { SaveOutcome } from '../save-outcome.ts';

/**
 * What the entry leaves out stays as it was. `known`: the resources as they are stored. The caller saw to it that its algorithm has a key.
 * Drop the tenant's resources from memory when the transaction of `tx` is kept.
 * @throws Refusal invalid_input for the name of a client or of the issuer (ASVS 9.2.4), or another spelling of one that is there.
 */
export async function saveResource(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: ResourceEntry,
  known: readonly Resource[],
): Promise<SaveOutcome> {
  const { tenant } = context;
  const { identifier } = entry;
  const stored = known.find((one) => one.identifier === identifier);
  if (!stored) await assertNewName(tx, tenant, identifier, known);
  const scopes = scopesOf(entry.scopes ?? stored?.scopes ?? []);
  const wanted = {
    identifier,
    name: entry.name ?? stored?.name,
    scopes,
    access_token_lifetime: entry.access_token_lifetime ?? stored?.access_token_lifetime,
    access_token_signed_response_alg:
      entry.access_token_signed_response_alg ?? stored?.access_token_signed_response_alg,
    access_token_type: entry.access_token_type ?? stored?.access_token_type,
  };
  return bringResourceTo(deps, tx, context, stored, wanted);
}

/** A scope is given by its name alone, or with a description. */
export function scopesOf(scopes: readonly (string | ResourceScope)[]): ResourceScope[] {
  return scopes.map((scope) => (typeof scope === 'string' ? { name: scopeName(scope) } : scope));
}

/** As a whole: what is undefined is so from here on. */
export async function bringResourceTo(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  stored: Resource | undefined,
  wanted: Resource,
): Promise<SaveOutcome> {
  const { tenant, now } = context;
  if (stored && isDeepStrictEqual(stored, wanted)) return 'unchanged';
  await storage.saveResource(tx, tenant.id, wanted, now);
  const data = { identifier: wanted.identifier, ...(stored && difference(stored, wanted)) };
  await record(deps, tx, context, { type: stored ? 'resource.updated' : 'resource.created', data });
  await recordChange(tx, { kind: 'resource', tenantId: tenant.id, entity: '' }, now);
  return stored ? 'updated' : 'created';
}

async function assertNewName(tx: Db, tenant: Tenant, identifier: string, known: readonly Resource[]): Promise<void> {
  const refuse = (problem: string) => {
    throw invalidInput([{ path: ['identifier'], problem }]);
  };
  if (new URL(identifier).href.startsWith(adminApiOf(tenant.issuer)))
    refuse('is the admin API, which every tenant has');
  if (isSameResource(identifier, tenant.issuer) || (await findClient(tx, tenant.id, identifier)))
    refuse('is the name of a client or of the issuer: take another');
  const same = known.find((one) => isSameResource(one.identifier, identifier));
  if (same) refuse(`is the same as ${same.identifier}, which is there: an empty path and "/" are one`);
}
