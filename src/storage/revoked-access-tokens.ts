// Access tokens that were ended before their time, by their client or an administrator: by their `jti` and by their status bit.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { type Markers, type Part, statement } from './statement.ts';
import { isStatusGood } from './status-bits.ts';

/** Names a token by itself. `bit`: its place in the status lists; undefined of a process that knew of none. */
export type TokenNames = { readonly jti: string; readonly bit: number | undefined };

// revoked_access_tokens_pkey, status_revocations_pkey, grants_pkey. The next token of the grant gets another bit, and so do the next ones
// that others get in exchange: which of them came of this token is not known.
const add = statement(
  { tenantId: 'uuid', jti: 'text', bit: 'bigint?', grantId: 'uuid?', expiresAt: 'timestamptz' },
  (_q, p) =>
    sql<{ is_first: boolean }>`WITH named AS (
        INSERT INTO revoked_access_tokens (tenant_id, jti, expires_at)
        VALUES (${p.tenantId}, ${p.jti}, ${p.expiresAt}) ON CONFLICT DO NOTHING RETURNING jti
      ), exchanged AS (
        SELECT exchanged_bits FROM grants WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} FOR UPDATE
      ), revoked AS (
        SELECT ${p.bit} AS bit WHERE ${p.bit} IS NOT NULL
        UNION SELECT (one ->> 'bit')::bigint FROM exchanged, jsonb_array_elements(exchanged_bits) AS one
      ), bits AS (
        INSERT INTO status_revocations (tenant_id, bit) SELECT ${p.tenantId}, bit FROM revoked
        ON CONFLICT DO NOTHING RETURNING bit
      ), given_up AS (
        UPDATE grants SET exchanged_bits = '[]', status_bits = array_remove(status_bits, ${p.bit}), status_versions = ARRAY(
            SELECT version FROM unnest(status_bits, status_versions) WITH ORDINALITY AS one (bit, version, n)
            WHERE bit IS DISTINCT FROM ${p.bit} ORDER BY n)
        WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND EXISTS (SELECT 1 FROM exchanged)
      )
      SELECT EXISTS (SELECT 1 FROM bits WHERE bit = ${p.bit}) OR (${p.bit} IS NULL AND EXISTS (SELECT 1 FROM named)) AS is_first`,
);

export type RevokedToken = TokenNames & {
  /** Milliseconds. */
  readonly expiresAt: number;
  readonly grantId: string | undefined;
};

/**
 * RFC 7009 2.1: ends the token, the other access tokens of its grant that expire in the same hour, which share its bit, and all
 * that others got in exchange for tokens of the grant; the family lives on. @returns false when it was revoked before.
 */
export async function revokeAccessToken(
  tx: Db,
  tenantId: string,
  { jti, bit, grantId, expiresAt }: RevokedToken,
): Promise<boolean> {
  const row = await add.first(tx, { tenantId, jti, bit: bit ?? null, grantId: grantId ?? null, expiresAt });
  return row!.is_first;
}

type Named = Markers<{ tenantId: 'uuid'; jti: 'text'; bit: 'bigint?' }>;

/** A condition of what stands behind a token of the client. revoked_access_tokens_pkey, and those of {@link isStatusGood} */
export function isNotRevoked(p: Named, clientId: Part): Part {
  return sql<boolean>`(NOT EXISTS (SELECT 1 FROM revoked_access_tokens r WHERE r.tenant_id = ${p.tenantId} AND r.jti = ${p.jti})
        AND ${isStatusGood(p, clientId)})`;
}

// revoked_access_tokens_pkey, and those of isStatusGood
const find = statement(
  { tenantId: 'uuid', clientId: 'text', jti: 'text', bit: 'bigint?' },
  (_q, p) => sql<{ is_good: boolean }>`SELECT ${isNotRevoked(p, p.clientId)} AS is_good`,
);

/** Of a token of the client that no grant stands behind. */
export async function wasRevoked(
  db: Db,
  tenantId: string,
  { clientId, jti, bit }: TokenNames & { readonly clientId: string },
): Promise<boolean> {
  return !(await find.first(db, { tenantId, clientId, jti, bit: bit ?? null }))!.is_good;
}
