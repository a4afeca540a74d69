// One-time tokens by kind: each is found and spent only under the kind it was made for.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type OneTimeKind =
  | 'setup'
  | 'password_reset'
  | 'email_verification'
  | 'email_change'
  | 'magic_link'
  | 'sign_in_code'
  | 'factor_code';

const replace = statement(
  { tenantId: 'uuid', kind: 'text', hash: 'bytea', now: 'timestamptz', expiresAt: 'timestamptz' },
  (_q, p) =>
    sql`WITH older AS (
        DELETE FROM one_time_tokens WHERE tenant_id = ${p.tenantId} AND kind = ${p.kind}
      )
      INSERT INTO one_time_tokens (tenant_id, kind, hash, attempts, created_at, expires_at)
      VALUES (${p.tenantId}, ${p.kind}, ${p.hash}, 0, ${p.now}, ${p.expiresAt})`,
);

/** Makes the token and voids every other of its kind. */
export async function replaceOneTimeToken(
  db: Db,
  tenantId: string,
  token: { kind: OneTimeKind; hash: Buffer; expiresAt: number },
  now: number,
): Promise<void> {
  await replace.run(db, { tenantId, ...token, now });
}

// one_time_tokens_pkey
const find = statement({ tenantId: 'uuid', kind: 'text', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('one_time_tokens')
    .select('payload')
    .where('tenant_id', '=', p.tenantId)
    .where('kind', '=', p.kind)
    .where('hash', '=', p.hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', p.now),
);

export async function isOneTimeTokenOpen(
  db: Db,
  tenantId: string,
  kind: OneTimeKind,
  hash: Buffer,
  now: number,
): Promise<boolean> {
  return (await find.first(db, { tenantId, kind, hash, now })) !== undefined;
}

// one_time_tokens_pkey
const spend = statement(
  { tenantId: 'uuid', kind: 'text', hash: 'bytea', now: 'timestamptz' },
  (_q, p) =>
    sql`UPDATE one_time_tokens SET used_at = ${p.now}
      WHERE tenant_id = ${p.tenantId} AND kind = ${p.kind} AND hash = ${p.hash} AND used_at IS NULL AND expires_at > ${p.now}`,
);

/** Marks it used. @returns false if it already was, or has expired: for everybody but the first. */
export async function spendOneTimeToken(
  tx: Db,
  tenantId: string,
  kind: OneTimeKind,
  hash: Buffer,
  now: number,
): Promise<boolean> {
  return (await spend.run(tx, { tenantId, kind, hash, now })) === 1;
}

// one_time_tokens_pkey. Each sign-in has one at a time: the newer takes the place of the older.
const keepAbout = statement(
  {
    tenantId: 'uuid',
    kind: 'text',
    hash: 'bytea',
    userId: 'uuid',
    payload: 'jsonb',
    now: 'timestamptz',
    expiresAt: 'timestamptz',
  },
  (_q, p) =>
    sql`INSERT INTO one_time_tokens (tenant_id, kind, hash, user_id, payload, attempts, created_at, expires_at)
      VALUES (${p.tenantId}, ${p.kind}, ${p.hash}, ${p.userId}, ${p.payload}, 0, ${p.now}, ${p.expiresAt})
      ON CONFLICT (tenant_id, kind, hash) DO UPDATE
        SET payload = EXCLUDED.payload, user_id = EXCLUDED.user_id, attempts = 0, stranger_attempts = 0, created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at, used_at = NULL`,
);

/** Makes the token, in the place of the one with the same hash. `payload`: what it is about. */
export async function keepOneTimeToken(
  tx: Db,
  tenantId: string,
  token: {
    readonly kind: OneTimeKind;
    readonly hash: Buffer;
    readonly userId: string;
    readonly payload: unknown;
    readonly expiresAt: number;
  },
  now: number,
): Promise<void> {
  await keepAbout.run(tx, { tenantId, ...token, now });
}

/** What an open one is about; undefined when it was used, or has expired. */
export async function findOneTimeToken(
  db: Db,
  tenantId: string,
  kind: OneTimeKind,
  hash: Buffer,
  now: number,
): Promise<unknown> {
  return (await find.first(db, { tenantId, kind, hash, now }))?.payload;
}

/** A TOTP secret that nobody has confirmed yet: it is no factor. */
export type Enrolment = { readonly id: string; readonly sealed: string; readonly name?: string | undefined };

/** `hash`: of whose it is. */
export async function keepEnrolment(
  db: Db,
  tenantId: string,
  { hash, userId, enrolment, expiresAt }: { hash: Buffer; userId: string; enrolment: Enrolment; expiresAt: number },
  now: number,
): Promise<void> {
  await keepAbout.run(db, { tenantId, kind: 'totp_enrolment', hash, userId, payload: enrolment, now, expiresAt });
}

export async function findEnrolment(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<Enrolment | undefined> {
  return (await find.first(db, { tenantId, kind: 'totp_enrolment', hash, now }))?.payload as Enrolment | undefined;
}

// one_time_tokens_pkey
const take = statement(
  { tenantId: 'uuid', kind: 'text', hash: 'bytea', id: 'text', now: 'timestamptz' },
  (_q, p) =>
    sql`DELETE FROM one_time_tokens
      WHERE tenant_id = ${p.tenantId} AND kind = ${p.kind} AND hash = ${p.hash} AND payload->>'id' = ${p.id}
        AND used_at IS NULL AND expires_at > ${p.now}`,
);

/** @returns false for everybody but the first. */
export async function takeEnrolment(tx: Db, tenantId: string, hash: Buffer, id: string, now: number): Promise<boolean> {
  return (await take.run(tx, { tenantId, kind: 'totp_enrolment', hash, id, now })) === 1;
}

// one_time_tokens_user_idx
const forget = statement({ tenantId: 'uuid', userId: 'uuid' }, (q, p) =>
  q
    .deleteFrom('one_time_tokens')
    .where('tenant_id', '=', p.tenantId)
    .where('user_id', '=', p.userId)
    .where('kind', 'in', [sql.lit('totp_enrolment'), sql.lit('factor_code')]),
);

/** What somebody had begun elsewhere becomes no factor any more. */
export async function forgetEnrolments(tx: Db, tenantId: string, userId: string): Promise<void> {
  await forget.run(tx, { tenantId, userId });
}

/**
 * What the link to another password was made for: it is void when the person has another address by then, or the password was
 * changed, or they were disabled, by whichever way.
 */
export type PasswordReset = { readonly userId: string; readonly email: string; readonly passwordVersion: number };

/** Nothing where `userId` is nobody. On the transaction that sends it. */
export async function keepPasswordReset(
  tx: Db,
  tenantId: string,
  { hash, expiresAt, ...payload }: PasswordReset & { readonly hash: Buffer; readonly expiresAt: number },
  now: number,
): Promise<void> {
  const { userId } = payload;
  await keepAbout.run(tx, { tenantId, kind: 'password_reset', hash, userId, payload, now, expiresAt });
}

/** What an open one was made for. */
export async function findPasswordReset(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<PasswordReset | undefined> {
  return (await find.first(db, { tenantId, kind: 'password_reset', hash, now }))?.payload as PasswordReset | undefined;
}

/** What the link that verifies an address was made for: it is void when the person has another one by then. */
export type EmailVerification = { readonly userId: string; readonly email: string };

/** On the transaction that sends it. */
export async function keepEmailVerification(
  tx: Db,
  tenantId: string,
  { hash, expiresAt, ...payload }: EmailVerification & { readonly hash: Buffer; readonly expiresAt: number },
  now: number,
): Promise<void> {
  const { userId } = payload;
  await keepAbout.run(tx, { tenantId, kind: 'email_verification', hash, userId, payload, now, expiresAt });
}

/** What an open one was made for. */
export async function findEmailVerification(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<EmailVerification | undefined> {
  const found = await find.first(db, { tenantId, kind: 'email_verification', hash, now });
  return found?.payload as EmailVerification | undefined;
}

/**
 * What the link that confirms another address was made for. `from`: the one so far, if there was one. It is void when the
 * person has another one by then, or the password was changed, or they were disabled.
 */
export type EmailChange = {
  readonly userId: string;
  readonly from?: string | undefined;
  readonly to: string;
  readonly passwordVersion: number;
};

/** On the transaction that sends it. */
export async function keepEmailChange(
  tx: Db,
  tenantId: string,
  { hash, expiresAt, ...payload }: EmailChange & { readonly hash: Buffer; readonly expiresAt: number },
  now: number,
): Promise<void> {
  const { userId } = payload;
  await keepAbout.run(tx, { tenantId, kind: 'email_change', hash, userId, payload, now, expiresAt });
}

/** What an open one was made for. */
export async function findEmailChange(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<EmailChange | undefined> {
  return (await find.first(db, { tenantId, kind: 'email_change', hash, now }))?.payload as EmailChange | undefined;
}
