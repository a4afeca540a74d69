// Clients as lists show them: a page at a time, searched; and what people may know them by.
import { sql } from 'kysely';
import type { Client } from '../domain/client.ts';
import { clientColumns, toClient } from './client-rows.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// clients_pkey
const page = statement({ tenantId: 'uuid', after: 'text', limit: 'integer' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(clientColumns)
    .where('tenant_id', '=', p.tenantId)
    .where('id', '>', p.after)
    .orderBy('id')
    .limit(p.limit),
);

// clients_pkey, read from `after` on until the page is full; what does not begin so is passed over.
const searched = statement({ tenantId: 'uuid', after: 'text', prefix: 'text', limit: 'integer' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(clientColumns)
    .where('tenant_id', '=', p.tenantId)
    .where('id', '>', p.after)
    .where(
      sql<boolean>`(starts_with(lower(id), lower(${p.prefix})) OR starts_with(lower(metadata->>'client_name'), lower(${p.prefix})))`,
    )
    .orderBy('id')
    .limit(p.limit),
);

/** The same of those whose id or name begins with `prefix`. */
export async function searchClients(
  db: Db,
  tenantId: string,
  { prefix, after, limit }: { readonly prefix: string; readonly after: string; readonly limit: number },
): Promise<Client[]> {
  return (await searched.all(db, { tenantId, prefix, after, limit })).map(toClient);
}

/** Up to `limit` clients by their ids, those behind `after`. */
export async function listClients(db: Db, tenantId: string, after: string, limit: number): Promise<Client[]> {
  return (await page.all(db, { tenantId, after, limit })).map(toClient);
}

// clients_pkey
const names = statement({ tenantId: 'uuid', limit: 'integer' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(['id', sql<string | null>`metadata->>'client_name'`.as('name')])
    .where('tenant_id', '=', p.tenantId)
    .where('disabled_at', 'is', null)
    .orderBy('id')
    .limit(p.limit),
);

/** What people may know the clients by: the ids and names of up to `limit` that are not disabled. */
export async function clientNames(db: Db, tenantId: string, limit: number): Promise<string[]> {
  const rows = await names.all(db, { tenantId, limit });
  return rows.flatMap(({ id, name }) => (name === null ? [id] : [id, name]));
}

// clients_pkey: all of the tenant, which are not many.
const withAdminRole = statement({ tenantId: 'uuid', roles: 'text[]' }, (q, p) =>
  q
    .selectFrom('clients')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', p.tenantId)
    .where('admin_roles', '@>', p.roles),
);

/** How many have this role at the admin API, disabled ones among them. */
export async function countClientsWithAdminRole(db: Db, tenantId: string, role: string): Promise<number> {
  return (await withAdminRole.first(db, { tenantId, roles: [role] }))!.count;
}
