// Grants: what was authorized, the family of every token that descends from it, and its end.
import { sql } from 'kysely';
import type { Authentication } from '../domain/authentication.ts';
import type { AuditType } from '../domain/audit.ts';
import type { Grant } from '../domain/grant.ts';
import type { User } from '../domain/user.ts';
import { eventParams, type EventValues } from './audit.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type GrantRow = {
  grant_id: string;
  client_id: string;
  user_id: string;
  session_id: string;
  scopes: string[];
  resources: string[];
  offline: boolean;
  authenticated_at: number;
  amr: string[];
  acr: string;
  mfa_method: string | null;
  mfa_verified_at: number | null;
  grant_expires_at: number;
  revoked_at: number | null;
};

/** The columns of a grant in a join, with `grants` as `g`. */
export const grantColumns = [
  'g.id as grant_id',
  'g.client_id',
  'g.user_id',
  'g.session_id',
  'g.scopes',
  'g.resources',
  'g.offline',
  'g.authenticated_at',
  'g.amr',
  'g.acr',
  'g.mfa_method',
  'g.mfa_verified_at',
  'g.expires_at as grant_expires_at',
  'g.revoked_at',
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
    userId: row.user_id,
    sessionId: row.session_id,
    scopes: row.scopes,
    resources: row.resources,
    offline: row.offline,
    authentication,
    expiresAt: row.grant_expires_at,
    revoked: row.revoked_at !== null,
  };
}

// grants_pkey
const revoke = statement(
  { tenantId: 'uuid', grantId: 'uuid', reason: 'text', type: 'text', ...eventParams },
  (_q, p) =>
    sql`WITH revoked AS (
        UPDATE grants SET revoked_at = ${p.now}, revoke_reason = ${p.reason}
        WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND revoked_at IS NULL
        RETURNING id, user_id, client_id, session_id
      ), event AS (
        INSERT INTO audit_events (tenant_id, id, at, type, user_id, client_id, session_id, grant_id, request_id, ip, data)
        SELECT ${p.tenantId}, ${p.eventId}, ${p.now}, ${p.type}, user_id, client_id, session_id, id, ${p.requestId}, ${p.ip}, '{}'::jsonb
        FROM revoked
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
  const values = { tenantId, grantId, ...reason, ...event, requestId: event.requestId ?? null, ip: event.ip ?? null };
  return (await revoke.first(db, values)) !== undefined;
}

// grants_pkey, users_pkey, sessions_pkey
const forUserinfo = statement({ tenantId: 'uuid', grantId: 'uuid', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('grants as g')
    .innerJoin('users as u', (join) => join.onRef('u.tenant_id', '=', 'g.tenant_id').onRef('u.id', '=', 'g.user_id'))
    .innerJoin('sessions as s', (join) =>
      join.onRef('s.tenant_id', '=', 'g.tenant_id').onRef('s.id', '=', 'g.session_id'),
    )
    .innerJoin('clients as c', (join) =>
      join.onRef('c.tenant_id', '=', 'g.tenant_id').onRef('c.id', '=', 'g.client_id'),
    )
    .select(['u.id', 'u.username', 'u.email', 'u.email_verified', 'u.claims', 'u.roles', 'u.groups', 'u.updated_at'])
    .where('g.tenant_id', '=', p.tenantId)
    .where('g.id', '=', p.grantId)
    .where('g.revoked_at', 'is', null)
    .where('u.disabled_at', 'is', null)
    .where('c.disabled_at', 'is', null)
    .where((or) =>
      or.or([
        or('g.offline', '=', true),
        or.and([or('s.ended_at', 'is', null), or('s.expires_at', '>', p.now), or('s.idle_expires_at', '>', p.now)]),
      ]),
    ),
);

/** The user of a living grant, or undefined when the grant, its session, its client or its user no longer stands. */
export async function findUserOfGrant(
  db: Db,
  tenantId: string,
  grantId: string,
  now: number,
): Promise<User | undefined> {
  const row = await forUserinfo.first(db, { tenantId, grantId, now });
  return (
    row && {
      id: row.id,
      username: row.username,
      email: row.email ?? undefined,
      emailVerified: row.email_verified,
      claims: row.claims as Record<string, unknown>,
      roles: row.roles,
      groups: row.groups,
      disabled: false,
      updatedAt: row.updated_at,
    }
  );
}
