// A sign-in without a browser: session, grant and refresh token of one person and one client, in one statement.
import { type RawBuilder, sql } from 'kysely';
import type { Authentication } from '../domain/authentication.ts';
import type { StatusPlace } from '../domain/status-list.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { countedParams, forgottenIf } from './limits.ts';
import { checkedParams, personAsChecked } from './passwords.ts';
import { spendFactor, spentParams } from './second-factors.ts';
import { type Markers, type Part, statement } from './statement.ts';

const params = {
  ...checkedParams,
  sessionId: 'uuid',
  secretHash: 'bytea',
  amr: 'text[]',
  acr: 'text',
  mfaMethod: 'text?',
  mfaVerifiedAt: 'timestamptz?',
  authenticatedAt: 'timestamptz',
  idleExpiresAt: 'timestamptz',
  sessionExpiresAt: 'timestamptz',
  userAgent: 'text?',
  grantId: 'uuid',
  clientId: 'text',
  scopes: 'text[]',
  resources: 'text[]',
  offline: 'boolean',
  grantExpiresAt: 'timestamptz',
  refreshHash: 'bytea?',
  secondEventId: 'uuid',
  statusBit: 'bigint',
  statusVersion: 'integer',
  ...countedParams,
  ...eventParams,
} as const;

/** The members of a `WITH` that make all of it. `provided`: what the person must also have done, as a condition. */
function begun(p: Markers<typeof params>, provided: Part): RawBuilder<unknown> {
  return sql`person AS (
        ${personAsChecked(p, provided)}
      ), session AS (
        INSERT INTO sessions (tenant_id, id, secret_hash, user_id, authenticated_at, amr, acr, mfa_method, mfa_verified_at,
          started_at, last_seen_at, idle_expires_at, expires_at, ip, user_agent)
        SELECT ${p.tenantId}, ${p.sessionId}, ${p.secretHash}, id, ${p.authenticatedAt}, ${p.amr}, ${p.acr}, ${p.mfaMethod}, ${p.mfaVerifiedAt},
          ${p.now}, ${p.now}, ${p.idleExpiresAt}, ${p.sessionExpiresAt}, ${p.ip}, ${p.userAgent}
        FROM person
        RETURNING id, user_id
      ), family AS (
        INSERT INTO grants (tenant_id, id, client_id, user_id, session_id, scopes, resources, offline, authenticated_at, amr, acr,
          mfa_method, mfa_verified_at, created_at, last_used_at, expires_at, status_bits, status_versions)
        SELECT ${p.tenantId}, ${p.grantId}, ${p.clientId}, user_id, id, ${p.scopes}, ${p.resources}, ${p.offline}, ${p.authenticatedAt}, ${p.amr}, ${p.acr},
          ${p.mfaMethod}, ${p.mfaVerifiedAt}, ${p.now}, ${p.now}, ${p.grantExpiresAt}, ARRAY[${p.statusBit}], ARRAY[${p.statusVersion}]
        FROM session
        RETURNING id, user_id, session_id
      ), token AS (
        INSERT INTO refresh_tokens (tenant_id, hash, grant_id, generation, created_at)
        SELECT ${p.tenantId}, ${p.refreshHash}, id, 1, ${p.now} FROM family WHERE ${p.refreshHash} IS NOT NULL
      ), ${forgottenIf(p, sql`SELECT 1 FROM family`)}, signed_in AS (
        ${auditRow(p, {
          from: sql`FROM family`,
          type: sql`'user.signed_in'`,
          user: sql`user_id`,
          client: p.clientId,
          session: sql`session_id`,
          data: sql`jsonb_strip_nulls(jsonb_build_object('amr', to_jsonb(${p.amr}), 'mfa_method', ${p.mfaMethod}))`,
        })}
      ), issued AS (
        ${auditRow(p, {
          from: sql`FROM family`,
          type: sql`'token.issued'`,
          id: p.secondEventId,
          user: sql`user_id`,
          client: p.clientId,
          session: sql`session_id`,
          grant: sql`id`,
          data: sql`jsonb_build_object('refresh_token', ${p.refreshHash} IS NOT NULL)`,
        })}
      )`;
}

// users_pkey, limits_pkey
const beginAfterOne = statement(
  params,
  (_q, p) => sql<{ id: string }>`WITH ${begun(p, sql`true`)} SELECT id FROM family`,
);

// users_pkey, limits_pkey, credentials_pkey, sign_in_attempts_pkey. The attempt ends only for whoever spent the factor.
const beginAfterTwo = statement(
  { ...params, ...spentParams, attemptId: 'text' },
  (_q, p) =>
    sql<{ id: string | null }>`WITH ${spendFactor(p)}, finished AS (
        UPDATE sign_in_attempts SET finished_at = ${p.now}
        WHERE tenant_id = ${p.tenantId} AND id = ${p.attemptId} AND finished_at IS NULL AND expires_at > ${p.now}
          AND EXISTS (SELECT 1 FROM spent)
        RETURNING id
      ), ${begun(p, sql`EXISTS (SELECT 1 FROM finished)`)}
      SELECT family.id FROM spent LEFT JOIN family ON true`,
);

export type FirstPartySignIn = {
  readonly userId: string;
  readonly passwordVersion: number;
  readonly sessionId: string;
  /** Of a cookie that nobody gets: only its tokens lead to this session. */
  readonly secretHash: Buffer;
  readonly authentication: Authentication;
  readonly idleExpiresAt: number;
  readonly sessionExpiresAt: number;
  readonly userAgent: string | undefined;
  readonly grantId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly offline: boolean;
  readonly grantExpiresAt: number;
  readonly refreshHash: Buffer | undefined;
  /** Where the attempt was counted, if it was: forgotten, and given back. */
  readonly accountKey: string | undefined;
  readonly addressKey: string | undefined;
  readonly secondEventId: string;
  /** Of the access token. */
  readonly place: StatusPlace;
};

/** @returns false when the user was disabled or changed the password since it was checked; nothing was made then. */
export async function beginFirstPartySession(
  db: Db,
  tenantId: string,
  signIn: FirstPartySignIn,
  event: EventValues,
): Promise<boolean> {
  return (await beginAfterOne.first(db, values(tenantId, signIn, event))) !== undefined;
}

/** The second factor that was proven, and the attempt that waited for it. `step`: of TOTP. */
export type SecondProof = {
  readonly attemptId: string;
  readonly credentialId: string;
  readonly step: number | undefined;
  readonly codeHash: Buffer | undefined;
};

/** The same, and in the same statement the second factor is spent and the attempt finished. */
export async function beginFirstPartySessionAfter(
  db: Db,
  tenantId: string,
  { attemptId, credentialId, step, codeHash }: SecondProof,
  signIn: FirstPartySignIn,
  event: EventValues,
): Promise<'begun' | 'spent before' | 'ended'> {
  const second = { attemptId, credentialId, step: step ?? null, codeHash: codeHash ?? null };
  const row = await beginAfterTwo.first(db, { ...values(tenantId, signIn, event), ...second });
  if (!row) return 'spent before';
  return row.id === null ? 'ended' : 'begun';
}

function values(tenantId: string, { authentication, place, ...signIn }: FirstPartySignIn, event: EventValues) {
  return {
    tenantId,
    ...signIn,
    statusBit: place.bit,
    statusVersion: place.version,
    authenticatedAt: authentication.at,
    amr: authentication.amr,
    acr: authentication.acr,
    mfaMethod: authentication.mfaMethod ?? null,
    mfaVerifiedAt: authentication.mfaVerifiedAt ?? null,
    userAgent: signIn.userAgent ?? null,
    refreshHash: signIn.refreshHash ?? null,
    accountKey: signIn.accountKey ?? null,
    addressKey: signIn.addressKey ?? null,
    ...eventValues(event),
  };
}
