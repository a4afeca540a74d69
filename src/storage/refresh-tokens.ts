// Refresh tokens: found with their family and child, used, and rotated with at most one child each.
import { type RawBuilder, sql } from 'kysely';
import type { Grant } from '../domain/grant.ts';
import type { PresentedToken } from '../domain/refresh.ts';
import { touchInterval } from '../domain/session.ts';
import { eventParams, type EventValues } from './audit.ts';
import type { Db } from './database.ts';
import { grantColumns, toGrant } from './grants.ts';
import { type Markers, statement } from './statement.ts';

export type FoundRefreshToken = { readonly presented: PresentedToken; readonly grant: Grant };

// refresh_tokens_pkey, grants_pkey, users_pkey, sessions_pkey, refresh_tokens_generation_idx
const find = statement({ tenantId: 'uuid', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('refresh_tokens as t')
    .innerJoin('grants as g', (join) => join.onRef('g.tenant_id', '=', 't.tenant_id').onRef('g.id', '=', 't.grant_id'))
    .innerJoin('users as u', (join) => join.onRef('u.tenant_id', '=', 'g.tenant_id').onRef('u.id', '=', 'g.user_id'))
    .leftJoin('sessions as s', (join) =>
      join.onRef('s.tenant_id', '=', 'g.tenant_id').onRef('s.id', '=', 'g.session_id'),
    )
    .leftJoin('refresh_tokens as child', (join) =>
      join
        .onRef('child.tenant_id', '=', 't.tenant_id')
        .onRef('child.grant_id', '=', 't.grant_id')
        .on((e) => e('child.generation', '=', e('t.generation', '+', 1))),
    )
    .select([
      't.generation',
      't.rotated_at',
      't.fingerprint',
      't.sealed_reply',
      'child.first_used_at as child_used_at',
      'u.disabled_at',
      ...grantColumns,
    ])
    .select((e) =>
      e
        .and([e('s.ended_at', 'is', null), e('s.expires_at', '>', p.now), e('s.idle_expires_at', '>', p.now)])
        .as('session_alive'),
    )
    .where('t.tenant_id', '=', p.tenantId)
    .where('t.hash', '=', p.hash),
);

export async function findRefreshToken(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<FoundRefreshToken | undefined> {
  const row = await find.first(db, { tenantId, hash, now });
  if (!row) return undefined;
  const grant = toGrant(row);
  return {
    grant,
    presented: {
      generation: row.generation,
      rotatedAt: row.rotated_at ?? undefined,
      fingerprint: row.fingerprint ?? undefined,
      sealedReply: row.sealed_reply ?? undefined,
      childUsed: row.child_used_at !== null,
      family: { clientId: grant.clientId, expiresAt: grant.expiresAt, revoked: grant.revoked, offline: grant.offline },
      sessionAlive: Boolean(row.session_alive),
      userDisabled: row.disabled_at !== null,
    },
  };
}

const common = {
  tenantId: 'uuid',
  hash: 'bytea',
  grantId: 'uuid',
  touchBefore: 'timestamptz',
  idleExpiresAt: 'timestamptz',
  ...eventParams,
} as const;

// grants_pkey. Every use locks the family first, so that its end and its uses come one after the other.
const family = (p: Markers<typeof common>) => sql`family AS (
        UPDATE grants SET last_used_at = ${p.now}
        WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND revoked_at IS NULL AND expires_at > ${p.now}
        RETURNING id, user_id, client_id, session_id, offline
      )`;

// refresh_tokens_pkey. `more` is what else a use writes on the token.
const presented = (p: Markers<typeof common>, more: RawBuilder<unknown>) => sql`presented AS (
        UPDATE refresh_tokens SET first_used_at = COALESCE(first_used_at, ${p.now})${more}
        FROM family
        WHERE refresh_tokens.tenant_id = ${p.tenantId} AND refresh_tokens.hash = ${p.hash} AND refresh_tokens.grant_id = family.id
          AND refresh_tokens.rotated_at IS NULL
        RETURNING refresh_tokens.generation
      )`;

// sessions_pkey. A use counts as use of a living session, unless the family outlives it; and it is recorded.
const effects = (p: Markers<typeof common>) => sql`touched AS (
        UPDATE sessions SET last_seen_at = ${p.now}, idle_expires_at = LEAST(${p.idleExpiresAt}, sessions.expires_at)
        FROM family, presented
        WHERE sessions.tenant_id = ${p.tenantId} AND sessions.id = family.session_id AND NOT family.offline AND sessions.ended_at IS NULL
          AND sessions.idle_expires_at > ${p.now} AND sessions.expires_at > ${p.now}
          AND sessions.last_seen_at < ${p.touchBefore}
      ), event AS (
        INSERT INTO audit_events (tenant_id, id, at, type, user_id, client_id, session_id, grant_id, request_id, ip, data)
        SELECT ${p.tenantId}, ${p.eventId}, ${p.now}, 'token.refreshed', user_id, client_id, session_id, id, ${p.requestId}, ${p.ip},
          jsonb_build_object('generation', generation)
        FROM family, presented
      )`;

const rotate = statement({ ...common, childHash: 'bytea', fingerprint: 'bytea', sealedReply: 'bytea' }, (_q, p) => {
  const rotated = sql`, rotated_at = ${p.now}, fingerprint = ${p.fingerprint}, sealed_reply = ${p.sealedReply}`;
  return sql<{ generation: number }>`WITH ${family(p)}, ${presented(p, rotated)}, child AS (
        INSERT INTO refresh_tokens (tenant_id, hash, grant_id, generation, created_at)
        SELECT ${p.tenantId}, ${p.childHash}, ${p.grantId}, generation + 1, ${p.now} FROM presented
      ), ${effects(p)}
      SELECT generation FROM presented`;
});

/**
 * Marks the token rotated, keeps its sealed reply and makes its one child. A refresh counts as use of the session, unless the
 * family outlives it.
 * @returns false when it was rotated, or its family ended, first.
 */
export async function rotateRefreshToken(
  db: Db,
  tenantId: string,
  token: { hash: Buffer; grantId: string; childHash: Buffer; fingerprint: Buffer; sealedReply: Buffer },
  session: { idleExpiresAt: number },
  event: EventValues,
): Promise<boolean> {
  return (await rotate.first(db, { tenantId, ...token, ...withEvent(session.idleExpiresAt, event) })) !== undefined;
}

const use = statement(
  common,
  (_q, p) =>
    sql<{
      generation: number;
    }>`WITH ${family(p)}, ${presented(p, sql``)}, ${effects(p)} SELECT generation FROM presented`,
);

/** Uses the token without rotating it. @returns false when it was rotated, or its family ended, first. */
export async function useRefreshToken(
  db: Db,
  tenantId: string,
  token: { hash: Buffer; grantId: string },
  session: { idleExpiresAt: number },
  event: EventValues,
): Promise<boolean> {
  return (await use.first(db, { tenantId, ...token, ...withEvent(session.idleExpiresAt, event) })) !== undefined;
}

function withEvent(idleExpiresAt: number, event: EventValues) {
  return {
    ...event,
    requestId: event.requestId ?? null,
    ip: event.ip ?? null,
    idleExpiresAt,
    touchBefore: event.now - touchInterval,
  };
}
