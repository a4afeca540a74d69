// Tenants: found by path or host, created, and their policies changed.
import { sql } from 'kysely';
import { completeSettings, type Tenant, type TenantSettings } from '../domain/tenant.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const columns = ['id', 'slug', 'issuer', 'host', 'name', 'settings', 'status_generation'] as const;
type Row = {
  id: string;
  slug: string;
  issuer: string;
  host: string | null;
  name: string;
  settings: unknown;
  status_generation: string;
};

// tenants_slug_key
const bySlug = statement({ slug: 'text' }, (q, p) =>
  q.selectFrom('tenants').select(columns).where('slug', '=', p.slug),
);
// tenants_host_key
const byHost = statement({ host: 'text' }, (q, p) =>
  q.selectFrom('tenants').select(columns).where('host', '=', p.host),
);
// tenants_pkey
const byId = statement({ id: 'uuid' }, (q, p) => q.selectFrom('tenants').select(columns).where('id', '=', p.id));

export async function findTenantBySlug(db: Db, slug: string): Promise<Tenant | undefined> {
  return toTenant(await bySlug.first(db, { slug }));
}

/** `host` in lower case, with its port unless that is the scheme's default. */
export async function findTenantByHost(db: Db, host: string): Promise<Tenant | undefined> {
  return toTenant(await byHost.first(db, { host }));
}

export async function findTenantById(db: Db, id: string): Promise<Tenant | undefined> {
  return toTenant(await byId.first(db, { id }));
}

const all = statement({}, (q) => q.selectFrom('tenants').select(columns).orderBy('slug'));

/** Every tenant, by slug. */
export async function listAllTenants(db: Db): Promise<Tenant[]> {
  return (await all.all(db, {})).map((row) => toTenant(row)!);
}

const any = statement({}, (q) => q.selectFrom('tenants').select('id').limit(1));

/** Whether anything has been set up: the first start makes the first tenant. */
export async function someTenant(db: Db): Promise<boolean> {
  return (await any.first(db, {})) !== undefined;
}

// clients_pkey, once a tenant
const withClient = statement({ clientId: 'text' }, (q, p) =>
  q
    .selectFrom('tenants as t')
    .innerJoin('clients as c', 'c.tenant_id', 't.id')
    .select('t.slug')
    .where('c.id', '=', p.clientId)
    .where('c.disabled_at', 'is', null)
    .orderBy('t.slug'),
);

/** The slugs of the tenants that have a client of this id which is not disabled. */
export async function tenantsWithClient(db: Db, clientId: string): Promise<string[]> {
  return (await withClient.all(db, { clientId })).map(({ slug }) => slug);
}

const insert = statement(
  {
    id: 'uuid',
    slug: 'text',
    issuer: 'text',
    host: 'text?',
    name: 'text',
    settings: 'jsonb',
    statusGeneration: 'text',
    now: 'timestamptz',
  },
  (q, p) =>
    q
      .insertInto('tenants')
      .values({
        id: p.id,
        slug: p.slug,
        issuer: p.issuer,
        host: p.host,
        name: p.name,
        settings: p.settings,
        status_generation: p.statusGeneration,
        version: sql.lit(1),
        created_at: p.now,
        updated_at: p.now,
      })
      .onConflict((conflict) => conflict.doNothing()),
);

/** @returns false when its slug, issuer or host is taken. */
export async function insertTenant(
  tx: Db,
  tenant: {
    id: string;
    slug: string;
    issuer: string;
    host: string | undefined;
    name: string;
    settings: Partial<TenantSettings>;
    statusGeneration: string;
  },
  now: number,
): Promise<boolean> {
  return (await insert.run(tx, { ...tenant, host: tenant.host ?? null, now })) === 1;
}

const setPolicies = statement({ tenantId: 'uuid', name: 'text', settings: 'jsonb', now: 'timestamptz' }, (q, p) =>
  q
    .updateTable('tenants')
    .set((e) => ({ name: p.name, settings: p.settings, version: e('version', '+', 1), updated_at: p.now }))
    .where('id', '=', p.tenantId),
);

/** The issuer, the slug and the host never change. */
export async function setTenantPolicies(
  tx: Db,
  tenantId: string,
  policies: { name: string; settings: Partial<TenantSettings> },
  now: number,
): Promise<void> {
  await setPolicies.run(tx, { tenantId, ...policies, now });
}

const storedSettings = statement({ tenantId: 'uuid' }, (q, p) =>
  q.selectFrom('tenants').select(['name', 'settings']).where('id', '=', p.tenantId).forNoKeyUpdate(),
);

/**
 * The settings as they were given, without defaults. Locks the tenant against other changes until the transaction ends, but
 * not against new rows that refer to it: sign-ins and refreshes go on meanwhile.
 */
export async function lockTenant(
  tx: Db,
  tenantId: string,
): Promise<{ name: string; settings: Partial<TenantSettings> }> {
  const row = (await storedSettings.first(tx, { tenantId }))!;
  return { name: row.name, settings: row.settings as Partial<TenantSettings> };
}

function toTenant(row: Row | undefined): Tenant | undefined {
  return (
    row && {
      id: row.id,
      slug: row.slug,
      issuer: row.issuer,
      host: row.host ?? undefined,
      name: row.name,
      settings: completeSettings(row.settings as Partial<TenantSettings>),
      statusGeneration: row.status_generation,
    }
  );
}
