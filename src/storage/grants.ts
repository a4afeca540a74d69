// Grants: what was authorized, the family of every token that descends from it, and its end.
import { type RawBuilder, sql } from 'kysely';
import type { Authentication } from '../domain/authentication.ts';
import type { AuditType } from '../domain/audit.ts';
import type { RequestedClaims } from '../domain/claims-request.ts';
import type { ExchangedBit, Grant } from '../domain/grant.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { type Markers, statement, type Part } from './statement.ts';
import { allStatusBits, bitsRevoked } from './status-bits.ts';

export type GrantRow = {
  grant_id: string;
  client_id: string;
  user_id: string | null;
  session_id: string | null;
  scopes: string[];
  resources: string[];
  requested_claims: unknown;
  offline: boolean;
  authenticated_at: number;
  amr: string[];
  acr: string;
  mfa_method: string | null;
  mfa_verified_at: number | null;
  grant_expires_at: number;
  revoked_at: number | null;
  status_bits: readonly number[];
  status_versions: readonly number[];
  exchanged_bits: unknown;
};

/** The columns of a grant in a join, with `grants` as `g`. */
export const grantColumns = [
  'g.id as grant_id',
  'g.client_id',
  'g.user_id',
  'g.session_id',
  'g.scopes',
  'g.resources',
  'g.claims as requested_claims',
  'g.offline',
  'g.authenticated_at',
  'g.amr',
  'g.acr',
  'g.mfa_method',
  'g.mfa_verified_at',
  'g.expires_at as grant_expires_at',
  'g.revoked_at',
  'g.status_bits',
  'g.status_versions',
  'g.exchanged_bits',
] as const;

export function toGrant(row: GrantRow): Grant {
  const authentication: Authentication = {
    at: row.authenticated_at,
    amr: row.amr,
    acr: row.acr,
    mfaMethod: row.mfa_method ?? undefined,
    mfaVerifiedAt: row.mfa_verified_at ?? undefined,
  };
  return {
    id: row.grant_id,
    clientId: row.client_id,
    userId: row.user_id ?? undefined,
    sessionId: row.session_id ?? undefined,
    scopes: row.scopes,
    resources: row.resources,
    claims: (row.requested_claims ?? undefined) as RequestedClaims | undefined,
    offline: row.offline,
    authentication,
    expiresAt: row.grant_expires_at,
    revoked: row.revoked_at !== null,
    statusBits: row.status_bits,
    statusVersions: row.status_versions,
    exchangedBits: row.exchanged_bits as readonly ExchangedBit[],
  };
}

type Ends = { which: Part; reason: Part };

/** Ends the grants of the tenant that `which` picks and that have not ended. Their bits are the caller's: {@link grantsEnded} sets them. */
export function endGrants(
  p: Markers<{ tenantId: 'uuid'; now: 'timestamptz' }>,
  { which, reason }: Ends,
): RawBuilder<unknown> {
  return sql`UPDATE grants SET revoked_at = ${p.now}, revoke_reason = ${reason}
        WHERE grants.tenant_id = ${p.tenantId} AND grants.revoked_at IS NULL AND ${which}`;
}

/**
 * Members of a `WITH`, of which `name` is the first: ends the grants of the tenant that `which` picks and that have not ended, with
 * the bits of their access tokens: the only way a family ends before its time. `name` gives the ids that an event names, and as
 * `lived` whether it had not expired either.
 */
export function grantsEnded(
  p: Markers<{ tenantId: 'uuid'; now: 'timestamptz' }>,
  name: string,
  ends: Ends,
): RawBuilder<unknown> {
  return sql`${sql.ref(name)} AS (
        ${endGrants(p, ends)}
        RETURNING id, user_id, client_id, session_id, ${allStatusBits} AS status_bits, expires_at > ${p.now} AS lived
      ), ${bitsRevoked(p, name)}`;
}

// grants_pkey
const revoke = statement(
  { tenantId: 'uuid', grantId: 'uuid', reason: 'text', type: 'text', ...eventParams },
  (_q, p) =>
    sql`WITH ${grantsEnded(p, 'revoked', { which: sql`grants.id = ${p.grantId}`, reason: p.reason })}, event AS (
        ${auditRow(p, {
          from: sql`FROM revoked`,
          type: p.type,
          user: sql`user_id`,
          client: sql`client_id`,
          session: sql`session_id`,
          grant: sql`id`,
        })}
      )
      SELECT id FROM revoked`,
);

/** Ends the family: every token of it is refused from here on. @returns false when it had ended. */
export async function revokeGrant(
  db: Db,
  tenantId: string,
  grantId: string,
  reason: { reason: string; type: AuditType },
  event: EventValues,
): Promise<boolean> {
  const values = { tenantId, grantId, ...reason, ...eventValues(event) };
  return (await revoke.first(db, values)) !== undefined;
}

// grants_session_idx
const ofClient = statement(
  { tenantId: 'uuid', sessionId: 'uuid', clientId: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql<{ id: string }>`WITH ${grantsEnded(p, 'ended', {
      which: sql`grants.session_id = ${p.sessionId} AND grants.client_id = ${p.clientId} AND NOT grants.offline`,
      reason: sql`'signed_out'`,
    })} SELECT id FROM ended`,
);

/** Ends what a client has from a session and would lose with it. @returns the ids. */
export async function endGrantsOfClient(
  tx: Db,
  tenantId: string,
  of: { sessionId: string; clientId: string },
  now: number,
): Promise<string[]> {
  return (await ofClient.all(tx, { tenantId, ...of, now })).map(({ id }) => id);
}
