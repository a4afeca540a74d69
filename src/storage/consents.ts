// Consents: what a user allowed a client at one of its redirect URIs, remembered and revocable.
import { sql } from 'kysely';
import { clientName, type RegisteredMetadata } from '../domain/client.ts';
import type { StoredConsent } from '../domain/next-step.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { grantsEnded } from './grants.ts';
import { statement } from './statement.ts';

// consents_pkey
const find = statement({ tenantId: 'uuid', userId: 'uuid', clientId: 'text', redirectUri: 'text' }, (q, p) =>
  q
    .selectFrom('consents')
    .select(['scopes', 'resources'])
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('client_id', '=', p.clientId)
    .where('redirect_uri', '=', p.redirectUri),
);

export async function findConsent(
  db: Db,
  tenantId: string,
  userId: string,
  clientId: string,
  redirectUri: string,
): Promise<StoredConsent | undefined> {
  return find.first(db, { tenantId, userId, clientId, redirectUri });
}

// consents_pkey. What was allowed before stays allowed.
const add = statement(
  {
    tenantId: 'uuid',
    userId: 'uuid',
    clientId: 'text',
    redirectUri: 'text',
    scopes: 'text[]',
    resources: 'text[]',
    now: 'timestamptz',
  },
  (_q, p) =>
    sql`INSERT INTO consents AS c (tenant_id, user_id, client_id, redirect_uri, scopes, resources, granted_at)
        VALUES (${p.tenantId}, ${p.userId}, ${p.clientId}, ${p.redirectUri}, ${p.scopes}, ${p.resources}, ${p.now})
        ON CONFLICT (tenant_id, user_id, client_id, redirect_uri) DO UPDATE SET
          scopes = ARRAY(SELECT DISTINCT unnest(c.scopes || EXCLUDED.scopes) ORDER BY 1),
          resources = ARRAY(SELECT DISTINCT unnest(c.resources || EXCLUDED.resources) ORDER BY 1),
          granted_at = EXCLUDED.granted_at`,
);

export async function addConsent(
  tx: Db,
  tenantId: string,
  consent: {
    userId: string;
    clientId: string;
    redirectUri: string;
    scopes: readonly string[];
    resources: readonly string[];
  },
  now: number,
): Promise<void> {
  await add.run(tx, { tenantId, ...consent, now });
}

// consents_pkey, grants_user_idx, clients_pkey. A first-party client has no consent, but may hold a grant that outlives sessions.
const ofUser = statement(
  { tenantId: 'uuid', userId: 'uuid', now: 'timestamptz' },
  (_q, p) =>
    sql<{ client_id: string; metadata: unknown; scopes: string[]; granted_at: number; expires_at: number | null }>`
      SELECT clients.id AS client_id, clients.metadata, array_agg(DISTINCT scope) AS scopes, max(granted_at) AS granted_at,
        max(access.expires_at) AS expires_at
      FROM (
        SELECT client_id, unnest(scopes) AS scope, granted_at, NULL::timestamptz AS expires_at FROM consents
        WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId}
        UNION ALL
        SELECT client_id, unnest(scopes), created_at, expires_at FROM grants
        WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND offline AND revoked_at IS NULL AND expires_at > ${p.now}
      ) AS access
      JOIN clients ON clients.tenant_id = ${p.tenantId} AND clients.id = access.client_id
      GROUP BY clients.id, clients.metadata ORDER BY granted_at DESC`,
);

/** One entry per client that has access: consented to at any of its redirect URIs, or by a grant that outlives sessions. */
export async function listAccess(db: Db, tenantId: string, userId: string, now: number) {
  const rows = await ofUser.all(db, { tenantId, userId, now });
  return rows.map((row) => ({
    clientId: row.client_id,
    clientName: clientName({ id: row.client_id, metadata: row.metadata as RegisteredMetadata }),
    scopes: row.scopes,
    grantedAt: row.granted_at,
    expiresAt: row.expires_at ?? undefined,
  }));
}

// consents_pkey. Waits for codes that are just being issued on its strength, so that their grants are seen.
const lock = statement({ tenantId: 'uuid', userId: 'uuid', clientId: 'text' }, (q, p) =>
  q
    .selectFrom('consents')
    .select('client_id')
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('client_id', '=', p.clientId)
    .forUpdate(),
);

// consents_pkey, grants_user_idx
const revoke = statement(
  { tenantId: 'uuid', userId: 'uuid', clientId: 'text', ...eventParams },
  (_q, p) =>
    sql<{ ended: boolean }>`WITH gone AS (
        DELETE FROM consents WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND client_id = ${p.clientId} RETURNING client_id
      ), ${grantsEnded(p, 'revoked', { which: sql`grants.user_id = ${p.userId} AND grants.client_id = ${p.clientId}`, reason: sql`'consent_revoked'` })}, event AS (
        ${auditRow(p, {
          from: sql`WHERE EXISTS (SELECT 1 FROM gone) OR EXISTS (SELECT 1 FROM revoked)`,
          type: sql`'consent.revoked'`,
          user: p.userId,
          client: p.clientId,
          data: sql`jsonb_build_object('grants', (SELECT count(*) FROM revoked))`,
        })}
      )
      SELECT EXISTS (SELECT 1 FROM gone) OR EXISTS (SELECT 1 FROM revoked WHERE lived) AS ended`,
);

/** Forgets the consent and revokes every grant that came of it. @returns false when there was neither. */
export async function revokeConsent(
  db: Db,
  tenantId: string,
  userId: string,
  clientId: string,
  event: EventValues,
): Promise<boolean> {
  const values = { tenantId, userId, clientId };
  return db.transaction(async (tx) => {
    await lock.run(tx, values);
    return (await revoke.first(tx, { ...values, ...eventValues(event) }))!.ended;
  });
}

// consents_pkey, grants_user_idx
const narrow = statement(
  { tenantId: 'uuid', userId: 'uuid', clientId: 'text', scope: 'text', ...eventParams },
  (_q, p) =>
    sql`WITH narrowed AS (
        UPDATE consents SET scopes = array_remove(scopes, ${p.scope})
        WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND client_id = ${p.clientId} AND ${p.scope} = ANY(scopes)
        RETURNING client_id
      ), ${grantsEnded(p, 'revoked', { which: sql`grants.user_id = ${p.userId} AND grants.client_id = ${p.clientId} AND (${p.scope} = ANY(grants.scopes) OR grants.claims->'scopes' @> to_jsonb(${p.scope}))`, reason: sql`'consent_revoked'` })}, event AS (
        ${auditRow(p, {
          from: sql`WHERE EXISTS (SELECT 1 FROM narrowed) OR EXISTS (SELECT 1 FROM revoked)`,
          type: sql`'consent.revoked'`,
          user: p.userId,
          client: p.clientId,
          data: sql`jsonb_build_object('scope', ${p.scope}, 'grants', (SELECT count(*) FROM revoked))`,
        })}
      )
      SELECT 1`,
);

/** Forgets that one scope was allowed, and revokes every grant that has it: tokens cannot be made narrower. */
export async function revokeScope(
  db: Db,
  tenantId: string,
  userId: string,
  { clientId, scope }: { clientId: string; scope: string },
  event: EventValues,
): Promise<void> {
  const values = { tenantId, userId, clientId };
  await db.transaction(async (tx) => {
    await lock.run(tx, values);
    await narrow.run(tx, { ...values, scope, ...eventValues(event) });
  });
}
