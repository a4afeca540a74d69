// Access tokens that clients got in exchange for others: kept on the grant, so that they end with it, and recorded.
import { sql } from 'kysely';
import { bitAt, oldestHour, type StatusPlace } from '../domain/status-list.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// grants_pkey, clients_pkey. Whoever revokes the subject token takes its bit off the grant: then nothing is given for it. Waits for
// whoever is disabling the client of the grant.
const keep = statement(
  {
    tenantId: 'uuid',
    grantId: 'uuid',
    clientId: 'text',
    version: 'integer',
    bit: 'bigint',
    oldestBit: 'bigint',
    subjectBit: 'bigint?',
    data: 'jsonb',
    ...eventParams,
  },
  (_q, p) =>
    sql`WITH client AS (
        SELECT c.id FROM grants g JOIN clients c ON c.tenant_id = g.tenant_id AND c.id = g.client_id
        WHERE g.tenant_id = ${p.tenantId} AND g.id = ${p.grantId} AND c.disabled_at IS NULL FOR SHARE OF c
      ), kept AS (
        UPDATE grants SET exchanged_bits = COALESCE(
            (SELECT jsonb_agg(one) FROM jsonb_array_elements(grants.exchanged_bits) AS one
              WHERE (one ->> 'bit')::bigint >= ${p.oldestBit}), '[]')
          || jsonb_build_array(jsonb_build_object('client', ${p.clientId}, 'version', ${p.version}, 'bit', ${p.bit}))
        WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND revoked_at IS NULL AND EXISTS (SELECT 1 FROM client)
          AND (${p.subjectBit} IS NULL OR ${p.subjectBit} = ANY(status_bits)
            OR exchanged_bits @> jsonb_build_array(jsonb_build_object('bit', ${p.subjectBit})))
        RETURNING id, user_id, session_id
      ), event AS (
        ${auditRow(p, {
          from: sql`FROM kept`,
          type: sql`'token.exchanged'`,
          user: sql`user_id`,
          client: p.clientId,
          session: sql`session_id`,
          grant: sql`id`,
          data: p.data,
        })}
      )
      SELECT id FROM kept`,
);

/**
 * Keeps the place of the new token on the grant, and records the exchange. `subjectBit`: of the token that was exchanged.
 * @returns false when the grant or that token has ended.
 */
export async function keepExchangedBit(
  db: Db,
  tenantId: string,
  {
    grantId,
    clientId,
    place,
    subjectBit,
    data,
  }: {
    readonly grantId: string;
    readonly clientId: string;
    readonly place: StatusPlace;
    readonly subjectBit: number | undefined;
    readonly data: Readonly<Record<string, unknown>>;
  },
  event: EventValues,
): Promise<boolean> {
  const kept = await keep.first(db, {
    tenantId,
    grantId,
    clientId,
    version: place.version,
    bit: place.bit,
    oldestBit: bitAt(oldestHour(event.now), 0),
    subjectBit: subjectBit ?? null,
    data,
    ...eventValues(event),
  });
  return kept !== undefined;
}

// grants_exchanged_idx, status_revocations_pkey
const revoke = statement(
  { tenantId: 'uuid', clientId: 'text' },
  (_q, p) =>
    sql`WITH found AS (
        SELECT id, exchanged_bits FROM grants
        WHERE tenant_id = ${p.tenantId} AND client_id = ${p.clientId} AND exchanged_bits <> '[]' FOR UPDATE
      ), bits AS (
        INSERT INTO status_revocations (tenant_id, bit)
        SELECT DISTINCT ${p.tenantId}, (one ->> 'bit')::bigint FROM found, jsonb_array_elements(exchanged_bits) AS one
        ON CONFLICT DO NOTHING
      )
      UPDATE grants SET exchanged_bits = '[]' WHERE tenant_id = ${p.tenantId} AND id IN (SELECT id FROM found)`,
);

/** Revokes what others got in exchange for tokens of the client. Call it on the transaction that disables the client, which holds its lock. */
export async function revokeExchanged(tx: Db, tenantId: string, clientId: string): Promise<void> {
  await revoke.run(tx, { tenantId, clientId });
}
