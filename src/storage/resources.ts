// Resources: the APIs that access tokens can be for (RFC 8707).
import { sql } from 'kysely';
import type { Resource } from '../domain/resource.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// resources_pkey
const all = statement({ tenantId: 'uuid' }, (q, p) =>
  q
    .selectFrom('resources')
    .select(['identifier', 'name', 'scopes'])
    .where('tenant_id', '=', p.tenantId)
    .orderBy('identifier'),
);

export async function listResources(db: Db, tenantId: string): Promise<Resource[]> {
  const rows = await all.all(db, { tenantId });
  return rows.map((row) => ({
    identifier: row.identifier,
    name: row.name ?? undefined,
    scopes: row.scopes as Resource['scopes'],
  }));
}

const upsert = statement(
  { tenantId: 'uuid', identifier: 'text', name: 'text?', scopes: 'jsonb', now: 'timestamptz' },
  (q, p) =>
    q
      .insertInto('resources')
      .values({
        tenant_id: p.tenantId,
        identifier: p.identifier,
        name: p.name,
        scopes: p.scopes,
        version: sql.lit(1),
        created_at: p.now,
        updated_at: p.now,
      })
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'identifier']).doUpdateSet((e) => ({
          name: p.name,
          scopes: p.scopes,
          version: e('resources.version', '+', 1),
          updated_at: p.now,
        })),
      ),
);

export async function saveResource(tx: Db, tenantId: string, resource: Resource, now: number): Promise<void> {
  await upsert.run(tx, {
    tenantId,
    identifier: resource.identifier,
    name: resource.name ?? null,
    scopes: resource.scopes,
    now,
  });
}
