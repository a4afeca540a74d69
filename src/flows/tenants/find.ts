// Tenants: which one a request is for, and making one.
import type { Deps } from '../../deps.ts';
import { isSlug, type Tenant } from '../../domain/tenant.ts';
import { findTenantByHost, findTenantBySlug, listAllTenants } from '../../storage/tenants.ts';

const nobody = '-';

/**
 * The tenant of a request: by `/t/{slug}` at PUBLIC_URL's own host, else by a host of its own, else `default`. A tenant
 * with a host of its own is not found by path, and at such a host no other tenant is.
 * @returns undefined when no tenant has that slug there.
 */
export async function tenantOfRequest(deps: Deps, host: string, slug: string | undefined): Promise<Tenant | undefined> {
  if (slug !== undefined && !isSlug(slug)) return undefined;
  const isPublicHost = host === '' || host === hostOf(deps.publicUrl);
  const own = isPublicHost ? undefined : await byHost(deps, host);
  if (own) return slug === undefined ? own : undefined;
  const found = await bySlug(deps, slug);
  return slug !== undefined && (found?.host !== undefined || slug === 'default') ? undefined : found;
}

function bySlug(deps: Deps, slug = 'default'): Promise<Tenant | undefined> {
  return deps.memory.get('tenant', nobody, `slug ${slug}`, () => findTenantBySlug(deps.db, slug));
}

/** The host and port of an address as PUBLIC_URL is one. */
function hostOf(address: string): string {
  const start = address.indexOf('//') + 2;
  const end = address.indexOf('/', start);
  return end < 0 ? address.slice(start) : address.slice(start, end);
}

function byHost(deps: Deps, host: string): Promise<Tenant | undefined> {
  return deps.memory.get('tenant', nobody, `host ${host}`, () => findTenantByHost(deps.db, host));
}

/** As it stands in the database now, past what is held in memory. */
export function tenantBySlug(deps: Deps, slug: string): Promise<Tenant | undefined> {
  return findTenantBySlug(deps.db, slug);
}

/** All of them, by slug. */
export function listTenants(deps: Deps): Promise<Tenant[]> {
  return listAllTenants(deps.db);
}
