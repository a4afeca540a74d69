// Clients and the origins from which their browsers call.
import { sql } from 'kysely';
import { type Client, clientOrigins, completeMetadata } from '../domain/client.ts';
import type { ClientSecret } from '../domain/client-secret.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import {
  clientColumns,
  secretColumns,
  type StoredClient,
  storedSecrets,
  toClient,
  toRegistered,
} from './client-rows.ts';
import type { Db } from './database.ts';
import { isNotRevoked, type TokenNames } from './revoked-access-tokens.ts';
import { statement } from './statement.ts';
import { revokeStatusBlocks } from './status-bits.ts';

// clients_pkey
const byId = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q.selectFrom('clients').select(clientColumns).where('tenant_id', '=', p.tenantId).where('id', '=', p.id),
);

export async function findClient(db: Db, tenantId: string, id: string): Promise<Client | undefined> {
  const row = await byId.first(db, { tenantId, id });
  return row && toClient(row);
}

// clients_pkey, and those of isNotRevoked
const unlessRevoked = statement(
  { tenantId: 'uuid', id: 'text', jti: 'text', bit: 'bigint?', issuedAt: 'timestamptz' },
  (q, p) =>
    q
      .selectFrom('clients')
      .select(clientColumns)
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id)
      // In whole seconds, as `iat` is: a client that was made again under the same name has nothing of the former.
      .where(sql<boolean>`created_at < ${p.issuedAt} + interval '1 second' AND ${isNotRevoked(p, p.id)}`),
);

/** The client as it is now; undefined when its access token was revoked by itself, or is older than it. Milliseconds. */
export async function findClientUnlessRevoked(
  db: Db,
  tenantId: string,
  { clientId, jti, bit, issuedAt }: TokenNames & { readonly clientId: string; readonly issuedAt: number },
): Promise<Client | undefined> {
  const row = await unlessRevoked.first(db, { tenantId, id: clientId, jti, bit: bit ?? null, issuedAt });
  return row && toClient(row);
}

const fields = {
  tenantId: 'uuid',
  id: 'text',
  metadata: 'jsonb',
  secretMac: 'text?',
  secretSealed: 'text?',
  addedSecrets: 'jsonb',
  adminRoles: 'text[]',
  disabledAt: 'timestamptz?',
  origins: 'text[]',
  now: 'timestamptz',
} as const;

const create = statement(
  { ...fields, changed: 'text[]', data: 'jsonb', ...eventParams },
  (_q, p) =>
    sql<{ id: string }>`WITH made AS (
        INSERT INTO clients (tenant_id, id, metadata, secret_mac, secret_sealed, added_secrets, admin_roles, disabled_at, version, created_at, updated_at)
        VALUES (${p.tenantId}, ${p.id}, ${p.metadata}, ${p.secretMac}, ${p.secretSealed}, ${p.addedSecrets}, ${p.adminRoles}, ${p.disabledAt}, 1, ${p.now}, ${p.now})
        ON CONFLICT DO NOTHING
        RETURNING id
      ), origin AS (
        INSERT INTO client_origins (tenant_id, client_id, origin) SELECT ${p.tenantId}, id, unnest(${p.origins}) FROM made
      ), change AS (
        INSERT INTO changes (tenant_id, kind, entity, changed_at) SELECT ${p.tenantId}, 'client', unnest(${p.changed}), ${p.now} FROM made
      ), event AS (
        ${auditRow(p, { type: sql`'client.created'`, client: sql`id`, from: sql`FROM made`, data: p.data })}
      )
      SELECT id FROM made`,
);

/**
 * Makes the client with its origins, tells every process of the entities in `changed`, and records it, in one statement.
 * @returns false when it is there already.
 */
export async function createClient(
  db: Db,
  tenantId: string,
  client: StoredClient,
  changed: readonly string[],
  event: EventValues & { readonly data: object },
): Promise<boolean> {
  const values = { ...bound(tenantId, client, event.now), changed, data: event.data, ...eventValues(event) };
  return (await create.first(db, values)) !== undefined;
}

const upsert = statement(
  fields,
  (_q, p) =>
    sql`WITH saved AS (
        INSERT INTO clients AS c (tenant_id, id, metadata, secret_mac, secret_sealed, added_secrets, admin_roles, disabled_at, version, created_at, updated_at)
        VALUES (${p.tenantId}, ${p.id}, ${p.metadata}, ${p.secretMac}, ${p.secretSealed}, ${p.addedSecrets}, ${p.adminRoles}, ${p.disabledAt}, 1, ${p.now}, ${p.now})
        ON CONFLICT (tenant_id, id) DO UPDATE SET metadata = EXCLUDED.metadata, secret_mac = EXCLUDED.secret_mac,
          secret_sealed = EXCLUDED.secret_sealed, added_secrets = EXCLUDED.added_secrets, admin_roles = EXCLUDED.admin_roles,
          disabled_at = CASE WHEN EXCLUDED.disabled_at IS NULL THEN NULL ELSE COALESCE(c.disabled_at, EXCLUDED.disabled_at) END,
          version = c.version + 1, updated_at = EXCLUDED.updated_at
        RETURNING id
      ), gone AS (
        DELETE FROM client_origins WHERE tenant_id = ${p.tenantId} AND client_id = ${p.id} AND origin <> ALL (${p.origins})
      )
      INSERT INTO client_origins (tenant_id, client_id, origin) SELECT ${p.tenantId}, id, unnest(${p.origins}) FROM saved
      ON CONFLICT DO NOTHING`,
);

/** Registers the client, or replaces its metadata and secret; its origins follow its redirect URIs. Disabled, its tokens are revoked. */
export async function saveClient(tx: Db, tenantId: string, client: StoredClient, now: number): Promise<void> {
  await upsert.run(tx, bound(tenantId, client, now));
  if (client.disabled) await revokeStatusBlocks(tx, tenantId, client.id, now);
}

function bound(tenantId: string, { id, metadata, secrets, adminRoles, disabled }: StoredClient, now: number) {
  return {
    tenantId,
    id,
    metadata,
    ...storedSecrets(secrets),
    adminRoles,
    disabledAt: disabled ? now : null,
    origins: clientOrigins(completeMetadata(metadata)),
    now,
  };
}

const setDisabled = statement(
  { tenantId: 'uuid', id: 'text', disabledAt: 'timestamptz?', now: 'timestamptz' },
  (q, p) =>
    q
      .updateTable('clients')
      .set((e) => ({ disabled_at: p.disabledAt, version: e('version', '+', 1), updated_at: p.now }))
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id),
);

/** Disabled, its access tokens are revoked. The caller holds the client's lock. */
export async function setClientDisabled(
  tx: Db,
  tenantId: string,
  id: string,
  disabled: boolean,
  now: number,
): Promise<void> {
  await setDisabled.run(tx, { tenantId, id, disabledAt: disabled ? now : null, now });
  if (disabled) await revokeStatusBlocks(tx, tenantId, id, now);
}

// clients_pkey
const firstOfTheirOwn = statement({ tenantId: 'uuid' }, (q, p) =>
  q
    .selectFrom('clients')
    .select('id')
    .where('tenant_id', '=', p.tenantId)
    .where(sql<boolean>`NOT COALESCE((metadata->>'built_in')::boolean, false)`)
    .limit(1),
);

/** Whether the tenant has a client that somebody registered. */
export async function hasRegisteredClient(db: Db, tenantId: string): Promise<boolean> {
  return (await firstOfTheirOwn.first(db, { tenantId })) !== undefined;
}

// client_origins_pkey
const origins = statement(
  { tenantId: 'uuid' },
  (_q, p) =>
    sql<{ origin: string; is_first_party: boolean; is_public: boolean }>`
      SELECT o.origin, bool_or(COALESCE((c.metadata->>'first_party')::boolean, false)) AS is_first_party,
        bool_or(COALESCE(c.metadata->>'token_endpoint_auth_method' = 'none', false)) AS is_public
      FROM client_origins o JOIN clients c ON c.tenant_id = o.tenant_id AND c.id = o.client_id
      WHERE o.tenant_id = ${p.tenantId} AND c.disabled_at IS NULL
      GROUP BY o.origin`,
);

/** What is known of the clients, among those that are not disabled, that have a redirect URI at an origin. */
export type OriginClients = {
  /** One of them is the tenant's own. */
  readonly isFirstParty: boolean;
  /** One of them is public. */
  readonly isPublic: boolean;
};

/** By origin. */
export async function listClientOrigins(db: Db, tenantId: string): Promise<ReadonlyMap<string, OriginClients>> {
  const rows = await origins.all(db, { tenantId });
  return new Map(rows.map((row) => [row.origin, { isFirstParty: row.is_first_party, isPublic: row.is_public }]));
}

/** The metadata as it was registered, without defaults; for comparing and merging. */
const registered = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(['metadata', ...secretColumns, 'admin_roles', 'disabled_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .forNoKeyUpdate(),
);

const registeredNow = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(['metadata', ...secretColumns, 'admin_roles', 'disabled_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id),
);

/** As {@link lockClient}, and others may change it meanwhile. */
export async function findRegistered(
  db: Db,
  tenantId: string,
  id: string,
): Promise<Omit<StoredClient, 'id'> | undefined> {
  const row = await registeredNow.first(db, { tenantId, id });
  return row && toRegistered(row);
}

/** Locks the client until the transaction ends. */
export async function lockClient(tx: Db, tenantId: string, id: string): Promise<Omit<StoredClient, 'id'> | undefined> {
  const row = await registered.first(tx, { tenantId, id });
  return row && toRegistered(row);
}

// clients_pkey
const setSecrets = statement(
  {
    tenantId: 'uuid',
    id: 'text',
    secretMac: 'text?',
    secretSealed: 'text?',
    addedSecrets: 'jsonb',
    now: 'timestamptz',
  },
  (q, p) =>
    q
      .updateTable('clients')
      .set((e) => ({
        secret_mac: p.secretMac,
        secret_sealed: p.secretSealed,
        added_secrets: p.addedSecrets,
        version: e('version', '+', 1),
        updated_at: p.now,
      }))
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id),
);

/** From here on only these are right. The caller holds the client's lock. */
export async function replaceClientSecrets(
  tx: Db,
  tenantId: string,
  id: string,
  secrets: readonly ClientSecret[],
  now: number,
): Promise<void> {
  await setSecrets.run(tx, { tenantId, id, ...storedSecrets(secrets), now });
}

// grants_client_idx, in its order and from `after` on; authorization_codes_grant_idx and refresh_tokens_generation_idx for what
// goes with each.
const removeGrants = statement(
  { tenantId: 'uuid', id: 'text', after: 'uuid', limit: 'integer' },
  (_q, p) =>
    sql<{ id: string }>`DELETE FROM grants WHERE tenant_id = ${p.tenantId} AND id IN
      (SELECT id FROM grants WHERE tenant_id = ${p.tenantId} AND client_id = ${p.id} AND id > ${p.after} ORDER BY id LIMIT ${p.limit})
      RETURNING id`,
);

const first = '00000000-0000-0000-0000-000000000000';

/**
 * Up to `limit` grants of the client, those behind the id `after`, with their codes and tokens.
 * @returns how many, and the last of them; undefined when there are no more.
 */
export async function removeGrantsOfClient(
  db: Db,
  tenantId: string,
  id: string,
  { after = first, limit }: { after: string | undefined; limit: number },
): Promise<{ count: number; last: string | undefined }> {
  const removed = (await removeGrants.all(db, { tenantId, id, after, limit })).map((row) => row.id).toSorted();
  return { count: removed.length, last: removed.length < limit ? undefined : removed.at(-1) };
}

// clients_pkey, client_origins_client_idx, sign_in_attempts_client_idx, consents_client_idx, grants_client_idx: the foreign keys
// take its origins, attempts, consents and grants with it.
const remove = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q.deleteFrom('clients').where('tenant_id', '=', p.tenantId).where('id', '=', p.id),
);

/** Removes the client and everything of it. @returns false when it is not there. */
export async function removeClient(tx: Db, tenantId: string, id: string): Promise<boolean> {
  return (await remove.run(tx, { tenantId, id })) === 1;
}
