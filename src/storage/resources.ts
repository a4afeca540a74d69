// Resources: the APIs that access tokens can be for (RFC 8707).
import { sql } from 'kysely';
import type { SigningAlg } from '../domain/client.ts';
import type { AccessTokenType, Resource } from '../domain/resource.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

const tokenColumns = [
  'access_token_lifetime',
  'access_token_signed_response_alg',
  'access_token_type',
] as const satisfies readonly (keyof Resource)[];

// resources_pkey
const all = statement({ tenantId: 'uuid' }, (q, p) =>
  q
    .selectFrom('resources')
    .select(['identifier', 'name', 'scopes', ...tokenColumns])
    .where('tenant_id', '=', p.tenantId)
    .orderBy('identifier'),
);

export async function listResources(db: Db, tenantId: string): Promise<Resource[]> {
  const rows = await all.all(db, { tenantId });
  return rows.map((row) => ({
    identifier: row.identifier,
    name: row.name ?? undefined,
    scopes: row.scopes as Resource['scopes'],
    access_token_lifetime: row.access_token_lifetime ?? undefined,
    access_token_signed_response_alg: (row.access_token_signed_response_alg ?? undefined) as SigningAlg | undefined,
    access_token_type: (row.access_token_type ?? undefined) as AccessTokenType | undefined,
  }));
}

const upsert = statement(
  {
    tenantId: 'uuid',
    identifier: 'text',
    name: 'text?',
    scopes: 'jsonb',
    lifetime: 'integer?',
    alg: 'text?',
    type: 'text?',
    now: 'timestamptz',
  },
  (q, p) =>
    q
      .insertInto('resources')
      .values({
        tenant_id: p.tenantId,
        identifier: p.identifier,
        name: p.name,
        scopes: p.scopes,
        access_token_lifetime: p.lifetime,
        access_token_signed_response_alg: p.alg,
        access_token_type: p.type,
        version: sql.lit(1),
        created_at: p.now,
        updated_at: p.now,
      })
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'identifier']).doUpdateSet((e) => ({
          name: p.name,
          scopes: p.scopes,
          access_token_lifetime: p.lifetime,
          access_token_signed_response_alg: p.alg,
          access_token_type: p.type,
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
    lifetime: resource.access_token_lifetime ?? null,
    alg: resource.access_token_signed_response_alg ?? null,
    type: resource.access_token_type ?? null,
    now,
  });
}

// resources_pkey
const remove = statement({ tenantId: 'uuid', identifier: 'text' }, (q, p) =>
  q.deleteFrom('resources').where('tenant_id', '=', p.tenantId).where('identifier', '=', p.identifier),
);

export async function removeResource(tx: Db, tenantId: string, identifier: string): Promise<void> {
  await remove.run(tx, { tenantId, identifier });
}
