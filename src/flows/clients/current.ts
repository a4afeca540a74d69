// Clients and resources as requests need them: from memory, only while they stand.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { withAdminApi } from '../../domain/admin-api.ts';
import type { Client } from '../../domain/client.ts';
import { Unavailable } from '../../domain/errors.ts';
import { loopbackOf } from '../../domain/redirect-uri.ts';
import type { Resource } from '../../domain/resource.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { findClient, listClientOrigins } from '../../storage/clients.ts';
import { listResources } from '../../storage/resources.ts';

/** The client, unless it is unknown or disabled. */
export async function activeClient(deps: Deps, tenant: Tenant, clientId: string): Promise<Client | undefined> {
  if (!/^[\x20-\x7e]{1,200}$/.test(clientId)) return undefined;
  const client = await deps.memory.get('client', tenant.id, clientId, () => findClient(deps.db, tenant.id, clientId));
  return client?.disabled ? undefined : client;
}

/** Its own, and the admin API. */
export function tenantResources(deps: Deps, tenant: Tenant): Promise<readonly Resource[]> {
  return deps.memory.get('resource', tenant.id, '', () => storedResources(deps, tenant));
}

async function storedResources(deps: Deps, tenant: Tenant): Promise<readonly Resource[]> {
  return withAdminApi(tenant, await listResources(deps.db, tenant.id));
}

/** The same, looked for once more where none of them has one of the scopes: it may have been registered a moment ago. */
export async function resourcesWith(
  deps: Deps,
  tenant: Tenant,
  scopes: readonly string[],
): Promise<readonly Resource[]> {
  const resources = await tenantResources(deps, tenant);
  if (!lacksOne(resources, scopes) || !isDue(deps, resources)) return resources;
  const now = await storedResources(deps, tenant).catch((error: unknown) => {
    if (error instanceof Unavailable) return resources;
    throw error;
  });
  if (isDeepStrictEqual(now, resources)) return resources;
  deps.memory.drop({ kind: 'resource', tenantId: tenant.id, entity: '' });
  return tenantResources(deps, tenant);
}

/** When the resources that are in memory were last compared with those of the database. */
const comparedAt = new WeakMap<readonly Resource[], number>();

/** Once a second: strangers may ask for scopes that nobody has, and within a second word of a change comes by itself. */
function isDue(deps: Deps, resources: readonly Resource[]): boolean {
  const now = deps.machineClock();
  if (now - (comparedAt.get(resources) ?? 0) < 1000) return false;
  comparedAt.set(resources, now);
  return true;
}

function lacksOne(resources: readonly Resource[], scopes: readonly string[]): boolean {
  const known = new Set(resources.flatMap((resource) => resource.scopes.map(({ name }) => name)));
  return scopes.some((scope) => !known.has(scope));
}

/** What the tenant and its resources say their scopes allow, by scope. */
export async function scopeDescriptions(deps: Deps, tenant: Tenant): Promise<Map<string, string | undefined>> {
  const resources = await tenantResources(deps, tenant);
  const own = Object.entries(tenant.settings.claim_scopes).map(
    ([name, { description }]) => [name, description] as const,
  );
  return new Map([
    ...own,
    ...resources.flatMap(({ scopes }) => scopes.map((scope) => [scope.name, scope.description] as const)),
  ]);
}

/** What changes with any client of the tenant; no client can have this id. */
export const everyOrigin = '\n';

/**
 * True when some client of the tenant may have its browser sent to `origin`, whose code may then read the answers (CORS). At a
 * loopback IP any port is that of a public client, as for its redirect URIs.
 */
export async function isClientOrigin(deps: Deps, tenant: Tenant, origin: string): Promise<boolean> {
  const origins = await clientOrigins(deps, tenant);
  if (origins.has(origin)) return true;
  const loopback = loopbackOf(origin);
  if (loopback === undefined) return false;
  return [...origins].some(([known, { isPublic }]) => isPublic && loopbackOf(known) === loopback);
}

/** The same for a client that is the tenant's own. */
export async function isFirstPartyOrigin(deps: Deps, tenant: Tenant, origin: string): Promise<boolean> {
  return (await clientOrigins(deps, tenant)).get(origin)?.isFirstParty ?? false;
}

function clientOrigins(deps: Deps, tenant: Tenant) {
  return deps.memory.get('client', tenant.id, everyOrigin, () => listClientOrigins(deps.db, tenant.id));
}
