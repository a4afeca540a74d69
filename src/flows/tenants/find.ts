// Tenants: which one a request is for, and making one.
import type { Deps } from '../../deps.ts';
import { signingAlgs } from '../../domain/client.ts';
import { contextWithoutRequest } from '../../domain/context.ts';
import { completeSettings, isSlug, type Tenant, type TenantSettings } from '../../domain/tenant.ts';
import { recordChange } from '../../storage/changes.ts';
import type { Db } from '../../storage/database.ts';
import {
  findTenantByHost,
  findTenantById,
  findTenantBySlug,
  insertTenant,
  listAllTenants,
} from '../../storage/tenants.ts';
import { newId, record } from '../events.ts';
import { insertMadeKey, makeSealedKey, type SealedKey } from '../keys/ring.ts';

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

export type NewTenant = {
  readonly slug: string;
  readonly issuer: string;
  readonly host: string | undefined;
  readonly name: string;
  readonly settings: Partial<TenantSettings>;
};

/** One signing key for each algorithm: what a tenant needs before its transaction, because making them takes long. */
export async function keysForNewTenant(deps: Deps, tenantId: string): Promise<SealedKey[]> {
  return Promise.all(signingAlgs.map((alg) => makeSealedKey(deps, tenantId, alg)));
}

/** Makes the tenant with its keys. @returns undefined when its slug, issuer or host is taken. */
export async function createTenant(
  deps: Deps,
  tx: Db,
  id: string,
  tenant: NewTenant,
  keys: readonly SealedKey[],
  now: number,
): Promise<Tenant | undefined> {
  if (!(await insertTenant(tx, { id, ...tenant }, now))) return undefined;
  const made: Tenant = { id, ...tenant, settings: completeSettings(tenant.settings) };
  const context = contextWithoutRequest(made, now);
  await record(deps, tx, context, { type: 'tenant.created', data: { slug: tenant.slug, issuer: tenant.issuer } });
  for (const key of keys) await insertMadeKey(deps, tx, context, key, 'active');
  await recordChange(tx, { kind: 'tenant', tenantId: id, entity: id }, now);
  return made;
}

/** The `default` tenant at PUBLIC_URL, made on the first start. @throws Error when the database belongs to another issuer. */
export async function ensureDefaultTenant(deps: Deps): Promise<Tenant> {
  const found = await findTenantBySlug(deps.db, 'default');
  if (found) return sameIssuer(found, deps.publicUrl);
  const now = deps.clock();
  const id = newId(deps, now);
  const keys = await keysForNewTenant(deps, id);
  const tenant = { slug: 'default', issuer: deps.publicUrl, host: undefined, name: 'Signet', settings: {} };
  const made = await deps.db.transaction((tx) => createTenant(deps, tx, id, tenant, keys, now));
  deps.memory.drop({ kind: 'tenant', tenantId: id, entity: id });
  return made ?? sameIssuer((await findTenantBySlug(deps.db, 'default'))!, deps.publicUrl);
}

function sameIssuer(tenant: Tenant, publicUrl: string): Tenant {
  if (tenant.issuer === publicUrl) return tenant;
  throw new Error(
    `PUBLIC_URL is ${publicUrl}, but this database belongs to the issuer ${tenant.issuer}, which stands in every token it issued and cannot change. ` +
      `Set PUBLIC_URL (or PORT) back, or use another DATA_DIR or DATABASE_URL.`,
  );
}
