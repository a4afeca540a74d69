// Clients and the origins from which their browsers call.
import {
  authMethodsOf,
  type Client,
  clientOrigins,
  completeMetadata,
  type RegisteredMetadata,
} from '../domain/client.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// clients_pkey
const byId = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(['id', 'metadata', 'secret_mac', 'disabled_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id),
);

export async function findClient(db: Db, tenantId: string, id: string): Promise<Client | undefined> {
  const row = await byId.first(db, { tenantId, id });
  return (
    row && {
      id: row.id,
      metadata: completeMetadata(row.metadata as RegisteredMetadata),
      authMethods: authMethodsOf(row.metadata as RegisteredMetadata),
      secretMac: row.secret_mac ?? undefined,
      disabled: row.disabled_at !== null,
    }
  );
}

const upsert = statement(
  { tenantId: 'uuid', id: 'text', metadata: 'jsonb', secretMac: 'text?', now: 'timestamptz' },
  (q, p) =>
    q
      .insertInto('clients')
      .values({
        tenant_id: p.tenantId,
        id: p.id,
        metadata: p.metadata,
        secret_mac: p.secretMac,
        created_at: p.now,
        updated_at: p.now,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'id'])
          .doUpdateSet({ metadata: p.metadata, secret_mac: p.secretMac, updated_at: p.now }),
      ),
);
const clearOrigins = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q.deleteFrom('client_origins').where('tenant_id', '=', p.tenantId).where('client_id', '=', p.id),
);
const addOrigin = statement({ tenantId: 'uuid', id: 'text', origin: 'text' }, (q, p) =>
  q.insertInto('client_origins').values({ tenant_id: p.tenantId, client_id: p.id, origin: p.origin }),
);

/** Registers the client, or replaces its metadata and secret; its origins follow its redirect URIs. */
export async function saveClient(
  tx: Db,
  tenantId: string,
  client: { id: string; metadata: RegisteredMetadata; secretMac: string | undefined },
  now: number,
): Promise<void> {
  await upsert.run(tx, {
    tenantId,
    id: client.id,
    metadata: client.metadata,
    secretMac: client.secretMac ?? null,
    now,
  });
  await clearOrigins.run(tx, { tenantId, id: client.id });
  for (const origin of clientOrigins(completeMetadata(client.metadata)))
    await addOrigin.run(tx, { tenantId, id: client.id, origin });
}

const setDisabled = statement(
  { tenantId: 'uuid', id: 'text', disabledAt: 'timestamptz?', now: 'timestamptz' },
  (q, p) =>
    q
      .updateTable('clients')
      .set({ disabled_at: p.disabledAt, updated_at: p.now })
      .where('tenant_id', '=', p.tenantId)
      .where('id', '=', p.id),
);

export async function setClientDisabled(
  tx: Db,
  tenantId: string,
  id: string,
  disabled: boolean,
  now: number,
): Promise<void> {
  await setDisabled.run(tx, { tenantId, id, disabledAt: disabled ? now : null, now });
}

// client_origins_pkey
const origins = statement({ tenantId: 'uuid' }, (q, p) =>
  q
    .selectFrom('client_origins')
    .innerJoin('clients', (join) =>
      join
        .onRef('clients.tenant_id', '=', 'client_origins.tenant_id')
        .onRef('clients.id', '=', 'client_origins.client_id'),
    )
    .select('client_origins.origin')
    .distinct()
    .where('client_origins.tenant_id', '=', p.tenantId)
    .where('clients.disabled_at', 'is', null),
);

/** The origins at which some client that is not disabled has a redirect URI. */
export async function listClientOrigins(db: Db, tenantId: string): Promise<ReadonlySet<string>> {
  return new Set((await origins.all(db, { tenantId })).map((row) => row.origin));
}

/** The metadata as it was registered, without defaults; for comparing and merging. */
const registered = statement({ tenantId: 'uuid', id: 'text' }, (q, p) =>
  q
    .selectFrom('clients')
    .select(['metadata', 'secret_mac', 'disabled_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .forNoKeyUpdate(),
);

/** Locks the client until the transaction ends. */
export async function lockClient(
  tx: Db,
  tenantId: string,
  id: string,
): Promise<{ metadata: RegisteredMetadata; secretMac: string | undefined; disabled: boolean } | undefined> {
  const row = await registered.first(tx, { tenantId, id });
  return (
    row && {
      metadata: row.metadata as RegisteredMetadata,
      secretMac: row.secret_mac ?? undefined,
      disabled: row.disabled_at !== null,
    }
  );
}
