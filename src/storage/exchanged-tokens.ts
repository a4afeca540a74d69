// Access tokens that clients got in exchange for others: kept on the grant, so that they end with it, and recorded.
import { sql } from 'kysely';
import { bitAt, oldestHour, type StatusPlace } from '../domain/status-list.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

// grants_pkey. Whoever revokes the subject token takes its bit off the grant: then nothing is given for it.
const keep = statement(
  {
    tenantId: 'uuid',
    grantId: 'uuid',
    clientId: 'text',
    of: 'text',
    bit: 'bigint',
    oldestBit: 'bigint',
    subjectBit: 'bigint?',
    data: 'jsonb',
    ...eventParams,
  },
  (_q, p) =>
    sql`WITH kept AS (
        UPDATE grants SET exchanged_bits = COALESCE(
            (SELECT jsonb_agg(one) FROM jsonb_array_elements(grants.exchanged_bits) AS one
              WHERE (one ->> 'bit')::bigint >= ${p.oldestBit}), '[]')
          || jsonb_build_array(jsonb_build_object('of', ${p.of}, 'bit', ${p.bit}))
        WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND revoked_at IS NULL
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
    of: place.of,
    bit: place.bit,
    oldestBit: bitAt(oldestHour(event.now), 0),
    subjectBit: subjectBit ?? null,
    data,
    ...eventValues(event),
  });
  return kept !== undefined;
}
