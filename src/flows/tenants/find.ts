// Tenants: which one a request is for, and making one.
import type { Deps } from '../../deps.ts';
import { isSlug, type Tenant } from '../../domain/tenant.ts';
import { findTenantByHost, findTenantById, findTenantBySlug, listAllTenants } from '../../storage/tenants.ts';

const nobody = '-';

/**
 * The tenant of a request: by `/t/{slug}` at PUBLIC_URL's own host, else by a host of its own, else `default`. A tenant
 * with a host of its own is not found by path, and at such a host no other tenant is.
 * @returns undefined when no tenant has that slug there.
 */
export function tenantOfRequest(
  deps: Deps,
  host: string,
  slug: string | undefined,
): Tenant | undefined | Promise<Tenant | undefined> {
  if (slug !== undefined && !isSlug(slug)) return undefined;
  const isPublicHost = host === '' || host === hostOf(deps.publicUrl);
  const own = isPublicHost ? undefined : byHost(deps, host);
  // What is held in memory is there at once, and then nobody waits.
  return own instanceof Promise ? own.then((found) => atHost(deps, found, slug)) : atHost(deps, own, slug);
}

/** `own`: the tenant whose host was asked for. */
function atHost(
  deps: Deps,
  own: Tenant | undefined,
  slug: string | undefined,
): Tenant | undefined | Promise<Tenant | undefined> {
  if (own) return slug === undefined ? own : undefined;
  const found = bySlug(deps, slug);
  return found instanceof Promise ? found.then((tenant) => atPath(tenant, slug)) : atPath(found, slug);
}

/** The tenant, when it is to be found by this path. */
function atPath(found: Tenant | undefined, slug: string | undefined): Tenant | undefined {
  return slug !== undefined && (found?.host !== undefined || slug === 'default') ? undefined : found;
}

function bySlug(deps: Deps, slug = 'default'): Tenant | undefined | Promise<Tenant | undefined> {
  return deps.memory.get('tenant', nobody, `slug ${slug}`, () => findTenantBySlug(deps.db, slug));
}

/** The host and port of an origin, which PUBLIC_URL is. */
function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2);
}

function byHost(deps: Deps, host: string): Tenant | undefined | Promise<Tenant | undefined> {
  return deps.memory.get('tenant', nobody, `host ${host}`, () => findTenantByHost(deps.db, host));
}

export async function tenantById(deps: Deps, id: string): Promise<Tenant | undefined> {
  return deps.memory.get('tenant', nobody, `id ${id}`, () => findTenantById(deps.db, id));
}

/** As it stands in the database now, past what is held in memory. */
export function tenantBySlug(deps: Deps, slug: string): Promise<Tenant | undefined> {
  return findTenantBySlug(deps.db, slug);
}

/** All of them, by slug. */
export function listTenants(deps: Deps): Promise<Tenant[]> {
  return listAllTenants(deps.db);
}
