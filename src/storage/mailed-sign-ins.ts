// Links and codes that were mailed to sign in with: kept for whoever asked, found by them, guessed at a few times, spent once.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { findOneTimeToken, keepOneTimeToken, spendOneTimeToken } from './one-time-tokens.ts';
import { statement } from './statement.ts';

/** Who asked, and what for. Hashes in base64url. */
export type AskedBy =
  /** An application; `proof`: the hash of what it was given. */
  | {
      readonly kind: 'client';
      readonly clientId: string;
      readonly scopes: readonly string[];
      readonly resources: readonly string[];
      readonly proof: string;
    }
  /** A browser; `browser`: the hash of its cookie, `attempt`: its sign-in, as it holds it. */
  | { readonly kind: 'browser'; readonly browser: string; readonly attempt: string; readonly staySignedIn: boolean };

/** Void when the person has another address or password by then, or is disabled. */
export type MailedSignIn = {
  readonly userId: string;
  readonly email: string;
  readonly passwordVersion: number;
  /** Of a code, its MAC. */
  readonly code?: string;
  readonly by: AskedBy;
};

export type MailedKind = 'magic_link' | 'sign_in_code';

/** On the transaction that sends it. A code with the same hash is void. */
export async function keepMailedSignIn(
  tx: Db,
  tenantId: string,
  mailed: MailedSignIn & { readonly kind: MailedKind; readonly hash: Buffer; readonly expiresAt: number },
  now: number,
): Promise<void> {
  const { kind, hash, expiresAt, ...payload } = mailed;
  await keepOneTimeToken(tx, tenantId, { kind, hash, userId: mailed.userId, payload, expiresAt }, now);
}

/** Looking at a link spends nothing. */
export async function findMagicLink(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<MailedSignIn | undefined> {
  return (await findOneTimeToken(db, tenantId, 'magic_link', hash, now)) as MailedSignIn | undefined;
}

/** @returns false for everybody but the first. */
export function spendMailedSignIn(
  tx: Db,
  tenantId: string,
  { kind, hash }: { kind: MailedKind; hash: Buffer },
  now: number,
): Promise<boolean> {
  return spendOneTimeToken(tx, tenantId, kind, hash, now);
}

export type GuessedCode = { readonly hash: Buffer; readonly mailed: MailedSignIn };

// one_time_tokens_pkey. Counted before it is compared: at once, too, there are no more guesses than allowed.
const guess = statement(
  { tenantId: 'uuid', hash: 'bytea', most: 'integer', now: 'timestamptz' },
  (_q, p) =>
    sql<{ hash: Buffer; payload: unknown }>`UPDATE one_time_tokens SET attempts = attempts + 1
      WHERE tenant_id = ${p.tenantId} AND kind = 'sign_in_code' AND hash = ${p.hash}
        AND used_at IS NULL AND expires_at > ${p.now} AND attempts < ${p.most}
      RETURNING hash, payload`,
);

/** Counts a guess by whoever asked for the code. @returns undefined when there is no such code, or `most` guesses were made. */
export async function guessAtCode(
  db: Db,
  tenantId: string,
  { hash, most }: { hash: Buffer; most: number },
  now: number,
): Promise<GuessedCode | undefined> {
  const row = await guess.first(db, { tenantId, hash, most, now });
  return row && { hash: row.hash, mailed: row.payload as MailedSignIn };
}

// one_time_tokens_user_idx. A browser's codes are for that browser alone.
const guessAny = statement(
  { tenantId: 'uuid', userId: 'uuid', most: 'integer', now: 'timestamptz' },
  (_q, p) =>
    sql<{ hash: Buffer; payload: unknown }>`UPDATE one_time_tokens SET stranger_attempts = stranger_attempts + 1
      WHERE tenant_id = ${p.tenantId} AND user_id = ${p.userId} AND kind = 'sign_in_code' AND payload->'by'->>'kind' = 'client'
        AND used_at IS NULL AND expires_at > ${p.now} AND stranger_attempts < ${p.most}
      RETURNING hash, payload`,
);

/** The same by somebody who does not say that they asked: at every code that an application asked for, on a count of its own. */
export async function guessAtCodesOf(
  db: Db,
  tenantId: string,
  { userId, most }: { userId: string; most: number },
  now: number,
): Promise<GuessedCode[]> {
  const rows = await guessAny.all(db, { tenantId, userId, most, now });
  return rows.map(({ hash, payload }) => ({ hash, mailed: payload as MailedSignIn }));
}
