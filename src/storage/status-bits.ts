// The bits of access tokens in status lists: taken in blocks, kept on grants, revoked, and read by whoever makes the lists.
import { type RawBuilder, sql } from 'kysely';
import { bitAt, bitsPerHour, oldestHour, type StatusPlace } from '../domain/status-list.ts';
import type { Db } from './database.ts';
import { type Markers, type Part, statement } from './statement.ts';

// clients_pkey, status_lists_pkey. Waits for whoever is disabling one of the clients, so that no block is taken behind their back.
const take = statement(
  { tenantId: 'uuid', clientId: 'text', through: 'text[]', hour: 'integer', size: 'integer' },
  (_q, p) =>
    sql<{ first: number }>`WITH clients_behind AS (
        SELECT id FROM clients WHERE tenant_id = ${p.tenantId} AND id = ANY(${p.clientId} || ${p.through}) AND disabled_at IS NULL
        ORDER BY id FOR SHARE
      ), list AS (
        INSERT INTO status_lists (tenant_id, hour, taken) SELECT ${p.tenantId}, ${p.hour}, ${p.size}
        WHERE (SELECT count(*) FROM clients_behind) = cardinality(${p.through}) + 1
        ON CONFLICT (hour, tenant_id) DO UPDATE SET taken = status_lists.taken + ${p.size}
        RETURNING taken - ${p.size} AS first
      ), block AS (
        INSERT INTO status_blocks (tenant_id, client_id, through, hour, first, size)
        SELECT ${p.tenantId}, ${p.clientId}, ${p.through}, ${p.hour}, first, ${p.size} FROM list
      )
      SELECT first FROM list`,
);

/**
 * Takes the next `size` places of the hour for tokens of the client that come `through` others. @returns the first; undefined where
 * one of the clients is disabled or gone.
 */
export async function takeStatusBlock(
  db: Db,
  tenantId: string,
  block: {
    readonly clientId: string;
    readonly through: readonly string[];
    readonly hour: number;
    readonly size: number;
  },
): Promise<number | undefined> {
  return (await take.first(db, { tenantId, ...block }))?.first;
}

// status_lists_pkey
const taken = statement({ tenantId: 'uuid', hour: 'integer' }, (q, p) =>
  q.selectFrom('status_lists').select('taken').where('hour', '=', p.hour).where('tenant_id', '=', p.tenantId),
);

/** How many places of the hour were taken so far. */
export async function placesTaken(db: Db, tenantId: string, hour: number): Promise<number> {
  return (await taken.first(db, { tenantId, hour }))?.taken ?? 0;
}

/** The parameters of {@link statusBitsKept}. */
export const placeParams = {
  statusBit: 'bigint?',
  statusIsNew: 'boolean',
  statusVersion: 'integer?',
  oldestBit: 'bigint',
} as const;

/** `place`: undefined where no token is made. */
export function placeValues(place: StatusPlace | undefined, now: number) {
  return {
    statusBit: place?.bit ?? null,
    statusIsNew: place?.isNew ?? false,
    statusVersion: place?.version ?? null,
    oldestBit: bitAt(oldestHour(now), 0),
  };
}

/** Assignments of an UPDATE of grants: a new bit joins those that are not too old, also when two come at once. */
export function statusBitsKept(p: Markers<typeof placeParams>): RawBuilder<unknown> {
  const young = (column: string) => sql`ARRAY(
          SELECT ${sql.ref(column)} FROM unnest(grants.status_bits, grants.status_versions) WITH ORDINALITY AS one (bit, version, n)
          WHERE bit >= ${p.oldestBit} ORDER BY n)`;
  return sql`status_bits = CASE WHEN ${p.statusIsNew} THEN ${young('bit')} || ${p.statusBit} ELSE grants.status_bits END,
        status_versions = CASE WHEN ${p.statusIsNew} THEN ${young('version')} || ${p.statusVersion} ELSE grants.status_versions END`;
}

/** A condition of the same UPDATE: a bit that was revoked since the grant was read is no longer the grant's. */
export function statusBitStands(p: Markers<typeof placeParams>): RawBuilder<unknown> {
  return sql`(${p.statusIsNew} OR ${p.statusBit} IS NULL OR ${p.statusBit} = ANY(grants.status_bits))`;
}

// grants_pkey
const keep = statement(
  { tenantId: 'uuid', grantId: 'uuid', ...placeParams },
  (_q, p) =>
    sql`UPDATE grants SET ${statusBitsKept(p)}
      WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND revoked_at IS NULL`,
);

/** Keeps the bit of a token that comes without any other write. @returns false when the grant has ended. */
export async function keepStatusBit(
  db: Db,
  tenantId: string,
  grantId: string,
  place: StatusPlace,
  now: number,
): Promise<boolean> {
  return (await keep.run(db, { tenantId, grantId, ...placeValues(place, now) })) === 1;
}

/** Of a row of `grants`: the bits of its own access tokens, and of those that others got in exchange for them. */
export const allStatusBits = sql`grants.status_bits || ARRAY(
          SELECT (one ->> 'bit')::bigint FROM jsonb_array_elements(grants.exchanged_bits) AS one)`;

/** A member of a `WITH`: revokes every bit in `status_bits` of the rows that the member `ended` gives. */
export function bitsRevoked(p: Markers<{ tenantId: 'uuid' }>, ended: string): RawBuilder<unknown> {
  return sql`${sql.ref(`${ended}_bits`)} AS (
        INSERT INTO status_revocations (tenant_id, bit) SELECT ${p.tenantId}, unnest(status_bits) FROM ${sql.table(ended)}
        ON CONFLICT DO NOTHING
      )`;
}

const client = { tenantId: 'uuid', clientId: 'text', hour: 'integer' } as const;
const revokeBlocks = [
  // status_blocks_client_idx
  statement(
    client,
    (_q, p) =>
      sql`UPDATE status_blocks SET revoked_position = pg_current_xact_id()
        WHERE tenant_id = ${p.tenantId} AND client_id = ${p.clientId} AND hour >= ${p.hour} AND revoked_position IS NULL`,
  ),
  // status_blocks_through_idx
  statement(
    client,
    (_q, p) =>
      sql`UPDATE status_blocks SET revoked_position = pg_current_xact_id()
        WHERE tenant_id = ${p.tenantId} AND hour >= ${p.hour} AND through <> '{}' AND ${p.clientId} = ANY(through)
          AND revoked_position IS NULL`,
  ),
];

/**
 * Revokes every access token of the client, and those that others got in exchange for them, at APIs too. Call it on the transaction
 * that disables the client, which holds its lock.
 */
export async function revokeStatusBlocks(tx: Db, tenantId: string, clientId: string, now: number): Promise<void> {
  for (const one of revokeBlocks) await one.run(tx, { tenantId, clientId, hour: oldestHour(now) });
}

/** A condition: neither the bit nor the block of the client that has it was revoked. status_revocations_pkey, status_blocks_client_idx */
export function isStatusGood(p: Markers<{ tenantId: 'uuid'; bit: 'bigint?' }>, clientId: Part): Part {
  const hour = sql`(${p.bit} / ${sql.lit(bitsPerHour)})::integer`;
  return sql<boolean>`NOT EXISTS (SELECT 1 FROM status_revocations b WHERE b.bit = ${p.bit} AND b.tenant_id = ${p.tenantId})
        AND NOT EXISTS (SELECT 1 FROM status_blocks b
          WHERE b.tenant_id = ${p.tenantId} AND b.client_id = ${clientId} AND b.hour = ${hour} AND b.revoked_position IS NOT NULL
            AND (${p.bit} % ${sql.lit(bitsPerHour)}) BETWEEN b.first AND b.first + b.size - 1)`;
}

/** Bits from `first` on, `count` of them. */
export type RevokedBits = { readonly first: number; readonly count: number };

// status_revocations_position_idx, status_blocks_revoked_idx. LEFT JOIN, so that the position comes back also when nothing was revoked.
const since = statement(
  { tenantId: 'uuid', position: 'text', oldestBit: 'bigint' },
  (_q, p) =>
    sql<{ position: string; first: string | null; count: number | null }>`
    WITH horizon AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS position), revoked AS (
      SELECT bit AS first, 1 AS count FROM status_revocations
      WHERE tenant_id = ${p.tenantId} AND position >= ${p.position}::xid8 AND bit >= ${p.oldestBit}
      UNION ALL
      SELECT hour * ${sql.lit(bitsPerHour)}::bigint + status_blocks.first, size FROM status_blocks
      WHERE tenant_id = ${p.tenantId} AND revoked_position >= ${p.position}::xid8
        AND hour * ${sql.lit(bitsPerHour)}::bigint >= ${p.oldestBit}
    )
    SELECT horizon.position::text AS position, revoked.first, revoked.count FROM horizon LEFT JOIN revoked ON true`,
);

/**
 * What was revoked from `position` on ('0': at all) that can be seen, and the position to go on from: no further than the oldest
 * running transaction, so that none is skipped.
 */
export async function revokedSince(
  db: Db,
  tenantId: string,
  position: string,
  now: number,
): Promise<{ readonly position: string; readonly revoked: readonly RevokedBits[] }> {
  const rows = await since.all(db, { tenantId, position, oldestBit: bitAt(oldestHour(now), 0) });
  const revoked = rows.flatMap(({ first, count }) =>
    first === null || count === null ? [] : [{ first: Number(first), count }],
  );
  return { position: rows[0]!.position, revoked };
}

// How many places are taken stays: no process gives a place of the former generation under the new one.
const forget = (['status_revocations', 'status_blocks'] as const).map((table) =>
  statement({ tenantId: 'uuid' }, (q, p) => q.deleteFrom(table).where('tenant_id', '=', p.tenantId)),
);
// tenants_pkey
const renew = statement({ tenantId: 'uuid', generation: 'text' }, (q, p) =>
  q.updateTable('tenants').set({ status_generation: p.generation }).where('id', '=', p.tenantId),
);

/** From here on every list with another generation in its name says that all its tokens are revoked. */
export async function beginStatusGeneration(tx: Db, tenantId: string, generation: string): Promise<void> {
  for (const one of forget) await one.run(tx, { tenantId });
  await renew.run(tx, { tenantId, generation });
}

const reposition = [
  statement(
    {},
    () =>
      sql`UPDATE status_revocations SET position = pg_current_xact_id() WHERE position >= pg_snapshot_xmax(pg_current_snapshot())`,
  ),
  statement(
    {},
    () =>
      sql`UPDATE status_blocks SET revoked_position = pg_current_xact_id() WHERE revoked_position >= pg_snapshot_xmax(pg_current_snapshot())`,
  ),
];

/** Positions that are transactions of another cluster become this one. */
export async function repositionRevoked(tx: Db): Promise<void> {
  for (const one of reposition) await one.run(tx, {});
}
