// Second factors: what a user can prove beside a password, and each thing that was proven spent once.
import { type RawBuilder, sql } from 'kysely';
import type { SecondFactorMethod, SentMethod } from '../domain/factors.ts';
import type { StatusPlace } from '../domain/status-list.ts';
import { auditRow, eventParams, type EventValues, eventValues } from './audit.ts';
import type { Db } from './database.ts';
import { factorKinds, lastingFactorKinds } from './factor-kinds.ts';
import { countedParams, forgottenIf } from './limits.ts';
import { sessionIsAlive } from './sessions.ts';
import { type Markers, statement } from './statement.ts';
import { placeParams, placeValues, statusBitsKept, statusBitStands } from './status-bits.ts';

/** Times in milliseconds. */
export type SecondFactor = {
  readonly id: string;
  readonly method: SecondFactorMethod;
  readonly name: string | undefined;
  /** A TOTP secret, sealed; or the hash of a recovery code; empty where codes are sent. */
  readonly secret: string;
  /** E.164, of one whose codes are sent there. */
  readonly phone: string | undefined;
  /** The last TOTP step that was used. */
  readonly step: number;
  readonly createdAt: number;
  readonly lastUsedAt: number | undefined;
};

// credentials_user_idx
const ofUser = statement(
  { tenantId: 'uuid', userId: 'uuid' },
  (_q, p) =>
    sql<{
      id: string;
      kind: string;
      name: string | null;
      secret: string;
      step: number | null;
      phone: string | null;
      created_at: number;
      last_used_at: number | null;
    }>`SELECT id, kind, name, secret, (data->>'step')::integer AS step, data->>'phone' AS phone, created_at, last_used_at
      FROM credentials
      WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind IN (${factorKinds})
      ORDER BY created_at, id`,
);

/** All of the user's, the oldest first; recovery codes that were used among them. */
export async function secondFactorsOf(db: Db, tenantId: string, userId: string): Promise<SecondFactor[]> {
  return (await ofUser.all(db, { tenantId, userId })).map((row) => ({
    id: row.id,
    method: row.kind as SecondFactorMethod,
    name: row.name ?? undefined,
    secret: row.secret,
    step: row.step ?? 0,
    phone: row.phone ?? undefined,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  }));
}

/** What was proven, as statements take it: which credential; of a TOTP one the step, of one whose codes are sent the code. */
export const spentParams = {
  tenantId: 'uuid',
  userId: 'uuid',
  credentialId: 'uuid',
  step: 'integer?',
  codeHash: 'bytea?',
  now: 'timestamptz',
} as const;

/**
 * RFC 6238 5.2, OWASP ASVS 6.5.1: two members of a `WITH`, of which `spent` spends a TOTP step, a recovery code or a code that
 * was sent. Whoever comes second, on whatever process, with the same step, an older one or the same code gets no row.
 * credentials_pkey, one_time_tokens_pkey
 */
export function spendFactor(p: Markers<typeof spentParams>): RawBuilder<unknown> {
  return sql`sent AS (
        UPDATE one_time_tokens SET used_at = ${p.now}
        WHERE tenant_id = ${p.tenantId} AND kind = 'factor_code' AND hash = ${p.codeHash} AND user_id = ${p.userId}
          AND payload->>'credentialId' = ${p.credentialId}::text AND used_at IS NULL AND expires_at > ${p.now}
        RETURNING hash
      ), spent AS (
        UPDATE credentials
        SET last_used_at = ${p.now},
          data = CASE kind WHEN 'totp' THEN jsonb_build_object('step', ${p.step}) ELSE data END
        WHERE tenant_id = ${p.tenantId} AND id = ${p.credentialId} AND user_id = ${p.userId}
          AND ((kind = 'totp' AND COALESCE((data->>'step')::integer, 0) < ${p.step})
            OR (kind = 'recovery_code' AND last_used_at IS NULL)
            OR (kind IN ('sms', 'email') AND EXISTS (SELECT 1 FROM sent)))
        RETURNING id, user_id
      )`;
}

/** What was proven, and where the attempt was counted. */
export type Spending = {
  readonly userId: string;
  readonly credentialId: string;
  readonly step: number | undefined;
  readonly codeHash: Buffer | undefined;
  readonly accountKey: string;
  readonly addressKey: string | undefined;
};

/** {@link Spending} as statements take it. */
export function spendingValues({ step, codeHash, addressKey, ...spending }: Spending) {
  return { ...spending, step: step ?? null, codeHash: codeHash ?? null, addressKey: addressKey ?? null };
}

const spend = statement(
  { ...spentParams, ...countedParams },
  (_q, p) =>
    sql`WITH ${spendFactor(p)}, ${forgottenIf(p, sql`SELECT 1 FROM spent`)}
      SELECT id FROM spent`,
);

/** Spends it for what the same transaction does. @returns false when somebody was first. */
export async function spendSecondFactor(tx: Db, tenantId: string, spending: Spending, now: number): Promise<boolean> {
  return (await spend.first(tx, { tenantId, now, ...spendingValues(spending) })) !== undefined;
}

// credentials_pkey
const insert = statement(
  {
    tenantId: 'uuid',
    id: 'uuid',
    userId: 'uuid',
    kind: 'text',
    name: 'text?',
    secret: 'text',
    data: 'jsonb',
    now: 'timestamptz',
  },
  (_q, p) =>
    sql`INSERT INTO credentials (tenant_id, id, user_id, kind, name, secret, data, version, created_at, updated_at)
      VALUES (${p.tenantId}, ${p.id}, ${p.userId}, ${p.kind}, ${p.name}, ${p.secret}, ${p.data}, 1, ${p.now}, ${p.now})`,
);

/** A TOTP factor of which no step is spent yet. */
export async function insertTotp(
  tx: Db,
  tenantId: string,
  totp: { id: string; userId: string; name: string | undefined; sealed: string },
  now: number,
): Promise<void> {
  const { sealed, name, ...rest } = totp;
  await insert.run(tx, { tenantId, ...rest, kind: 'totp', name: name ?? null, secret: sealed, data: { step: 0 }, now });
}

/** A factor whose codes are sent. `phone`: E.164, where they are sent to one. */
export async function insertSentFactor(
  tx: Db,
  tenantId: string,
  factor: { id: string; userId: string; method: SentMethod; name: string | undefined; phone: string | undefined },
  now: number,
): Promise<void> {
  const { method: kind, name, phone, ...rest } = factor;
  const data = phone === undefined ? {} : { phone };
  await insert.run(tx, { tenantId, ...rest, kind, name: name ?? null, secret: '', data, now });
}

// credentials_user_idx
const replaceCodes = statement(
  { tenantId: 'uuid', userId: 'uuid', ids: 'text[]', hashes: 'text[]', now: 'timestamptz' },
  (_q, p) =>
    sql`WITH older AS (
        DELETE FROM credentials WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'recovery_code'
      )
      INSERT INTO credentials (tenant_id, id, user_id, kind, secret, data, version, created_at, updated_at)
      SELECT ${p.tenantId}, made.id::uuid, ${p.userId}, 'recovery_code', made.hash, '{}'::jsonb, 1, ${p.now}, ${p.now}
      FROM unnest(${p.ids}, ${p.hashes}) AS made (id, hash)`,
);

/** New recovery codes in the place of all others. */
export async function replaceRecoveryCodes(
  tx: Db,
  tenantId: string,
  userId: string,
  codes: readonly { id: string; hash: string }[],
  now: number,
): Promise<void> {
  const ids = codes.map(({ id }) => id);
  await replaceCodes.run(tx, { tenantId, userId, ids, hashes: codes.map(({ hash }) => hash), now });
}

// credentials_pkey, and credentials_user_idx for the codes, which stand in for a factor and go with the last.
const remove = statement(
  { tenantId: 'uuid', userId: 'uuid', id: 'uuid' },
  (_q, p) =>
    sql<{ id: string }>`WITH removed AS (
        DELETE FROM credentials
        WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND id = ${p.id} AND kind IN (${lastingFactorKinds})
        RETURNING id
      ), codes AS (
        DELETE FROM credentials
        WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'recovery_code' AND EXISTS (SELECT 1 FROM removed)
          AND NOT EXISTS (
            SELECT 1 FROM credentials
            WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind IN (${lastingFactorKinds}) AND id <> ${p.id})
      )
      SELECT id FROM removed`,
);

/** Removes a factor, and with the last one the recovery codes. @returns false when the user has no such factor. */
export async function removeSecondFactor(tx: Db, tenantId: string, userId: string, id: string): Promise<boolean> {
  return (await remove.first(tx, { tenantId, userId, id })) !== undefined;
}

// grants_pkey, credentials_pkey. Nothing is raised unless the factor was spent. The browser whose session it may be of is not
// raised: its cookie would have to change, and who sends a token has none (OWASP ASVS 7.2.4).
const raise = statement(
  {
    ...spentParams,
    ...countedParams,
    ...eventParams,
    ...placeParams,
    grantId: 'uuid',
    amr: 'text[]',
    acr: 'text',
    mfaMethod: 'text',
  },
  (_q, p) =>
    sql<{ grant_id: string | null }>`WITH ${spendFactor(p)}, family AS (
        UPDATE grants SET amr = ${p.amr}, acr = ${p.acr}, mfa_method = ${p.mfaMethod}, mfa_verified_at = ${p.now}, ${statusBitsKept(p)}
        FROM spent WHERE grants.tenant_id = ${p.tenantId} AND grants.id = ${p.grantId} AND grants.user_id = spent.user_id
          AND grants.revoked_at IS NULL AND ${statusBitStands(p)}
        RETURNING grants.id, grants.user_id, grants.client_id, grants.session_id
      ), ${forgottenIf(p, sql`SELECT 1 FROM spent`)}, event AS (
        ${auditRow(p, {
          from: sql`FROM family`,
          type: sql`'session.stepped_up'`,
          user: sql`user_id`,
          client: sql`client_id`,
          session: sql`session_id`,
          grant: sql`id`,
          data: sql`jsonb_build_object('method', ${p.mfaMethod})`,
        })}
      )
      SELECT family.id AS grant_id FROM spent LEFT JOIN family ON true`,
);

export type Raise = Spending & {
  readonly grantId: string;
  readonly amr: readonly string[];
  readonly acr: string;
  readonly mfaMethod: SecondFactorMethod;
  /** Of the access token that comes with it, if one does. */
  readonly place?: StatusPlace;
};

/** Spends the factor, and the grant says so from here on. */
export async function raiseGrant(
  db: Db,
  tenantId: string,
  { grantId, amr, acr, mfaMethod, place, ...spending }: Raise,
  event: EventValues,
): Promise<'raised' | 'spent before' | 'ended'> {
  const row = await raise.first(db, {
    tenantId,
    grantId,
    amr,
    acr,
    mfaMethod,
    ...placeValues(place, event.now),
    ...spendingValues(spending),
    ...eventValues(event),
  });
  if (!row) return 'spent before';
  return row.grant_id === null ? 'ended' : 'raised';
}

// credentials_pkey, sessions_pkey
const raiseOne = statement(
  {
    ...spentParams,
    ...countedParams,
    sessionId: 'uuid',
    secretHash: 'bytea',
    amr: 'text[]',
    acr: 'text',
    mfaMethod: 'text',
    ...eventParams,
  },
  (_q, p) =>
    sql`WITH ${spendFactor(p)}, raised AS (
        UPDATE sessions SET secret_hash = ${p.secretHash}, amr = ${p.amr}, acr = ${p.acr}, mfa_method = ${p.mfaMethod},
          mfa_verified_at = ${p.now}
        FROM spent
        WHERE sessions.tenant_id = ${p.tenantId} AND sessions.id = ${p.sessionId} AND sessions.user_id = spent.user_id
          AND ${sessionIsAlive(p.now)}
        RETURNING sessions.id, sessions.user_id
      ), ${forgottenIf(p, sql`SELECT 1 FROM spent`)}, event AS (
        ${auditRow(p, {
          from: sql`FROM raised`,
          type: sql`'session.stepped_up'`,
          user: sql`user_id`,
          session: sql`id`,
          data: sql`jsonb_build_object('method', ${p.mfaMethod})`,
        })}
      )
      SELECT id FROM raised`,
);

/**
 * Spends the factor, and the session of a browser says so from here on, with a new cookie (OWASP ASVS 7.2.4).
 * @returns false when the session has ended, or the factor was spent before.
 */
export async function raiseSession(
  db: Db,
  tenantId: string,
  {
    sessionId,
    secretHash,
    amr,
    acr,
    mfaMethod,
    ...spending
  }: Omit<Raise, 'grantId' | 'place'> & {
    readonly sessionId: string;
    readonly secretHash: Buffer;
  },
  event: EventValues,
): Promise<boolean> {
  const values = {
    tenantId,
    sessionId,
    secretHash,
    amr,
    acr,
    mfaMethod,
    ...spendingValues(spending),
    ...eventValues(event),
  };
  return (await raiseOne.first(db, values)) !== undefined;
}

// credentials_totp_seal_idx
const sealedWith = statement(
  { keys: 'text[]' },
  (_q, p) =>
    sql<{ tenant_id: string; id: string; user_id: string; secret: string }>`SELECT tenant_id, id, user_id, secret
      FROM credentials
      WHERE kind = 'totp' AND split_part(secret, '.', 1) = ANY(${p.keys})
      LIMIT 100`,
);

/** A TOTP secret as it lies there. */
export type StoredTotpSecret = {
  readonly tenantId: string;
  readonly id: string;
  readonly userId: string;
  readonly sealed: string;
};

/** Up to 100 TOTP secrets, of any tenant, that one of these keys seals. */
export async function totpSecretsSealedWith(db: Db, keys: readonly string[]): Promise<StoredTotpSecret[]> {
  return (await sealedWith.all(db, { keys })).map((row) => ({
    tenantId: row.tenant_id,
    id: row.id,
    userId: row.user_id,
    sealed: row.secret,
  }));
}

// credentials_pkey
const reseal = statement({ tenantId: 'uuid', id: 'uuid', from: 'text', to: 'text' }, (q, p) =>
  q
    .updateTable('credentials')
    .set({ secret: p.to })
    .where('tenant_id', '=', p.tenantId)
    .where('id', '=', p.id)
    .where('secret', '=', p.from),
);

/** The same secret under the current SECRET_KEY. */
export async function resealTotpSecret(
  db: Db,
  { tenantId, id, sealed }: Omit<StoredTotpSecret, 'userId'>,
  to: string,
): Promise<void> {
  await reseal.run(db, { tenantId, id, from: sealed, to });
}

// credentials_user_idx, one_time_tokens_user_idx
const removeAll = statement(
  { tenantId: 'uuid', userId: 'uuid' },
  (_q, p) =>
    sql<{ factors: number }>`WITH removed AS (
        DELETE FROM credentials
        WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind IN (${factorKinds})
        RETURNING kind
      ), begun AS (
        DELETE FROM one_time_tokens WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind IN ('totp_enrolment', 'factor_code')
      )
      SELECT count(*)::int AS factors FROM removed WHERE kind <> 'recovery_code'`,
);

/** Removes every factor and recovery code, and what was begun. @returns how many factors there were. */
export async function removeSecondFactors(tx: Db, tenantId: string, userId: string): Promise<number> {
  return (await removeAll.first(tx, { tenantId, userId }))!.factors;
}
