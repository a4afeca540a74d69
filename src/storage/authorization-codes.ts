// Authorization codes: issued with their grant, found, and spent once.
import { sql } from 'kysely';
import type { RequestedClaims } from '../domain/claims-request.ts';
import type { Grant } from '../domain/grant.ts';
import type { StatusPlace } from '../domain/status-list.ts';
import type { User } from '../domain/user.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { grantColumns, toGrant } from './grants.ts';
import { sessionIsAlive } from './sessions.ts';
import { statement } from './statement.ts';
import { placeParams, placeValues, statusBitsKept } from './status-bits.ts';
import { toUser, userColumns } from './user-rows.ts';

// sessions_pkey, users_pkey, sign_in_attempts_pkey, consents_pkey
const issue = statement(
  {
    tenantId: 'uuid',
    sessionId: 'uuid',
    attemptId: 'text?',
    grantId: 'uuid',
    clientId: 'text',
    scopes: 'text[]',
    consentScopes: 'text[]',
    resources: 'text[]',
    claims: 'jsonb?',
    offline: 'boolean',
    grantExpiresAt: 'timestamptz',
    hash: 'bytea',
    redirectUri: 'text',
    codeChallenge: 'text?',
    nonce: 'text?',
    codeExpiresAt: 'timestamptz',
    requiresStoredConsent: 'boolean',
    ...eventParams,
  },
  (_q, p) =>
    sql<{ id: string }>`WITH attempt AS (
        UPDATE sign_in_attempts SET finished_at = ${p.now}
        WHERE tenant_id = ${p.tenantId} AND id = ${p.attemptId} AND finished_at IS NULL
        RETURNING id
      ), consent AS (
        SELECT c.client_id FROM sessions s JOIN consents c ON c.tenant_id = s.tenant_id AND c.user_id = s.user_id
        WHERE s.tenant_id = ${p.tenantId} AND s.id = ${p.sessionId} AND c.client_id = ${p.clientId} AND c.redirect_uri = ${p.redirectUri}
          AND c.scopes @> ${p.consentScopes} AND c.resources @> ${p.resources}
        FOR KEY SHARE OF c
      ), family AS (
        INSERT INTO grants (tenant_id, id, client_id, user_id, session_id, scopes, resources, claims, offline, authenticated_at, amr, acr,
          mfa_method, mfa_verified_at, created_at, last_used_at, expires_at)
        SELECT s.tenant_id, ${p.grantId}, ${p.clientId}, s.user_id, s.id, ${p.scopes}, ${p.resources}, ${p.claims}, ${p.offline}, s.authenticated_at, s.amr, s.acr,
          s.mfa_method, s.mfa_verified_at, ${p.now}, ${p.now}, ${p.grantExpiresAt}
        FROM users u JOIN sessions s ON s.tenant_id = u.tenant_id AND s.user_id = u.id
        WHERE s.tenant_id = ${p.tenantId} AND s.id = ${p.sessionId} AND s.ended_at IS NULL AND u.disabled_at IS NULL
          AND (${p.attemptId} IS NULL OR EXISTS (SELECT 1 FROM attempt))
          AND (NOT ${p.requiresStoredConsent} OR EXISTS (SELECT 1 FROM consent))
        FOR SHARE OF u, s
        RETURNING id, user_id, session_id
      ), code AS (
        INSERT INTO authorization_codes (tenant_id, hash, grant_id, redirect_uri, code_challenge, nonce, created_at, expires_at)
        SELECT ${p.tenantId}, ${p.hash}, id, ${p.redirectUri}, ${p.codeChallenge}, ${p.nonce}, ${p.now}, ${p.codeExpiresAt}
        FROM family
      ), event AS (
        ${auditRow(p, {
          from: sql`FROM family`,
          type: sql`'grant.authorized'`,
          user: sql`user_id`,
          client: p.clientId,
          session: sql`session_id`,
          grant: sql`id`,
          data: sql`jsonb_build_object('scopes', to_jsonb(${p.scopes}), 'resources', to_jsonb(${p.resources}))`,
        })}
      )
      SELECT id FROM family`,
);

export type NewCode = {
  readonly sessionId: string;
  /** The attempt that ends with this code; undefined when none was needed. */
  readonly attemptId: string | undefined;
  readonly grantId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** What a stored consent must cover. */
  readonly consentScopes: readonly string[];
  readonly claims: RequestedClaims | undefined;
  readonly resources: readonly string[];
  readonly offline: boolean;
  readonly grantExpiresAt: number;
  readonly hash: Buffer;
  readonly redirectUri: string;
  readonly codeChallenge: string | undefined;
  readonly nonce: string | undefined;
  readonly codeExpiresAt: number;
  /** True: only while a stored consent covers `consentScopes` and the resources. */
  readonly requiresStoredConsent: boolean;
};

/**
 * Makes the grant and its code. Waits for whoever is ending the session or everything of the user at this moment, so that no
 * grant is made behind their back. @returns false when the session ended, the user was disabled, the consent was taken back or the attempt was finished first. */
export async function issueCode(db: Db, tenantId: string, code: NewCode, event: EventValues): Promise<boolean> {
  const row = await issue.first(db, {
    tenantId,
    ...code,
    attemptId: code.attemptId ?? null,
    claims: code.claims ?? null,
    codeChallenge: code.codeChallenge ?? null,
    nonce: code.nonce ?? null,
    ...eventValues(event),
  });
  return row !== undefined;
}

/** Times in milliseconds. */
export type FoundCode = {
  readonly redirectUri: string;
  readonly codeChallenge: string | undefined;
  readonly nonce: string | undefined;
  readonly expiresAt: number;
  readonly spent: boolean;
  readonly grant: Grant;
  readonly user: User;
  readonly sessionAlive: boolean;
  readonly userDisabled: boolean;
};

// authorization_codes_pkey, grants_pkey, sessions_pkey, users_pkey
const find = statement({ tenantId: 'uuid', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('authorization_codes as a')
    .innerJoin('grants as g', (join) => join.onRef('g.tenant_id', '=', 'a.tenant_id').onRef('g.id', '=', 'a.grant_id'))
    .innerJoin('users as u', (join) => join.onRef('u.tenant_id', '=', 'g.tenant_id').onRef('u.id', '=', 'g.user_id'))
    .leftJoin('sessions as s', (join) =>
      join.onRef('s.tenant_id', '=', 'g.tenant_id').onRef('s.id', '=', 'g.session_id'),
    )
    .select([
      'a.redirect_uri',
      'a.code_challenge',
      'a.nonce',
      'a.expires_at',
      'a.spent_at',
      ...userColumns,
      ...grantColumns,
    ])
    .select(sessionIsAlive(p.now, 's').as('session_alive'))
    .where('a.tenant_id', '=', p.tenantId)
    .where('a.hash', '=', p.hash),
);

export async function findCode(db: Db, tenantId: string, hash: Buffer, now: number): Promise<FoundCode | undefined> {
  const row = await find.first(db, { tenantId, hash, now });
  return (
    row && {
      redirectUri: row.redirect_uri,
      codeChallenge: row.code_challenge ?? undefined,
      nonce: row.nonce ?? undefined,
      expiresAt: row.expires_at,
      spent: row.spent_at !== null,
      grant: toGrant(row),
      user: toUser(row),
      sessionAlive: row.session_alive,
      userDisabled: row.disabled_at !== null,
    }
  );
}

// authorization_codes_pkey, grants_pkey
const spend = statement(
  { tenantId: 'uuid', hash: 'bytea', refreshHash: 'bytea?', ...placeParams, ...eventParams },
  (_q, p) =>
    sql<{ id: string }>`WITH spent AS (
        UPDATE authorization_codes SET spent_at = ${p.now}
        WHERE tenant_id = ${p.tenantId} AND hash = ${p.hash} AND spent_at IS NULL AND expires_at > ${p.now}
        RETURNING grant_id
      ), family AS (
        UPDATE grants SET last_used_at = ${p.now}, ${statusBitsKept(p)} FROM spent
        WHERE grants.tenant_id = ${p.tenantId} AND grants.id = spent.grant_id AND grants.revoked_at IS NULL
        RETURNING grants.id, grants.user_id, grants.client_id, grants.session_id
      ), token AS (
        INSERT INTO refresh_tokens (tenant_id, hash, grant_id, generation, created_at)
        SELECT ${p.tenantId}, ${p.refreshHash}, id, 1, ${p.now} FROM family WHERE ${p.refreshHash} IS NOT NULL
      ), event AS (
        ${auditRow(p, {
          from: sql`FROM family`,
          type: sql`'token.issued'`,
          user: sql`user_id`,
          client: sql`client_id`,
          session: sql`session_id`,
          grant: sql`id`,
          data: sql`jsonb_build_object('refresh_token', ${p.refreshHash} IS NOT NULL)`,
        })}
      )
      SELECT id FROM family`,
);

/** Spends the code and makes the first refresh token of its family: one winner. @returns false for everybody else. */
export async function spendCode(
  db: Db,
  tenantId: string,
  hash: Buffer,
  { refreshHash, place }: { readonly refreshHash: Buffer | undefined; readonly place: StatusPlace },
  event: EventValues,
): Promise<boolean> {
  const row = await spend.first(db, {
    tenantId,
    hash,
    refreshHash: refreshHash ?? null,
    ...placeValues(place, event.now),
    ...eventValues(event),
  });
  return row !== undefined;
}
