// Rotation of refresh tokens: each is used in one statement, with its family and its session, and has at most one child.
import { type RawBuilder, sql } from 'kysely';
import type { StatusPlace } from '../domain/status-list.ts';
import { touchInterval } from '../domain/session.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { sessionIsAlive } from './sessions.ts';
import { type Markers, statement } from './statement.ts';
import { placeParams, placeValues, statusBitsKept, statusBitStands } from './status-bits.ts';

const common = {
  tenantId: 'uuid',
  hash: 'bytea',
  grantId: 'uuid',
  touchBefore: 'timestamptz',
  idleExpiresAt: 'timestamptz',
  ...placeParams,
  ...eventParams,
} as const;

// grants_pkey. Every use locks the family first, so that its end and its uses come one after the other. Whose access token was
// revoked meanwhile loses, and looks again.
const family = (p: Markers<typeof common>) => sql`family AS (
        UPDATE grants SET last_used_at = ${p.now}, ${statusBitsKept(p)}
        WHERE tenant_id = ${p.tenantId} AND id = ${p.grantId} AND revoked_at IS NULL AND expires_at > ${p.now}
          AND ${statusBitStands(p)}
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
        WHERE sessions.tenant_id = ${p.tenantId} AND sessions.id = family.session_id AND NOT family.offline AND ${sessionIsAlive(p.now)}
          AND sessions.last_seen_at < ${p.touchBefore}
      ), event AS (
        ${auditRow(p, {
          from: sql`FROM family, presented`,
          type: sql`'token.refreshed'`,
          user: sql`user_id`,
          client: sql`client_id`,
          session: sql`session_id`,
          grant: sql`id`,
          data: sql`jsonb_build_object('generation', generation)`,
        })}
      )`;

const rotate = statement(
  { ...common, childHash: 'bytea', fingerprint: 'bytea', rotationKey: 'uuid', userAgent: 'text?' },
  (_q, p) => {
    const rotated = sql`, rotated_at = ${p.now}, fingerprint = ${p.fingerprint}, rotation_key = ${p.rotationKey},
          rotated_ip = ${p.ip}, rotated_user_agent = ${p.userAgent}`;
    return sql<{ generation: number }>`WITH ${family(p)}, ${presented(p, rotated)}, child AS (
        INSERT INTO refresh_tokens (tenant_id, hash, grant_id, generation, created_at)
        SELECT ${p.tenantId}, ${p.childHash}, ${p.grantId}, generation + 1, ${p.now} FROM presented
      ), ${effects(p)}
      SELECT generation FROM presented`;
  },
);

export type Rotation = {
  readonly hash: Buffer;
  readonly grantId: string;
  readonly childHash: Buffer;
  readonly fingerprint: Buffer;
  /** The id of the key that the child was derived from. */
  readonly rotationKey: string;
  readonly userAgent: string | undefined;
};

/** What else a use writes: how long the session goes on without another one, in milliseconds since 1970, and where the access token's status stands. */
export type UseOfToken = { readonly idleExpiresAt: number; readonly place: StatusPlace };

/**
 * Marks the token rotated and makes its one child. A refresh counts as use of the session, unless the family outlives it.
 * @returns false when it was rotated, or its family ended, first.
 */
export async function rotateRefreshToken(
  db: Db,
  tenantId: string,
  rotation: Rotation,
  use: UseOfToken,
  event: EventValues,
): Promise<boolean> {
  const values = { tenantId, ...rotation, userAgent: rotation.userAgent ?? null };
  return (await rotate.first(db, { ...values, ...written(use, event) })) !== undefined;
}

const useAlone = statement(
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
  use: UseOfToken,
  event: EventValues,
): Promise<boolean> {
  return (await useAlone.first(db, { tenantId, ...token, ...written(use, event) })) !== undefined;
}

function written({ idleExpiresAt, place }: UseOfToken, event: EventValues) {
  return {
    ...eventValues(event),
    ...placeValues(place, event.now),
    idleExpiresAt,
    touchBefore: event.now - touchInterval,
  };
}
