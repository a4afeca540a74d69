// Codes of second factors on their way to a person: one at a time for each sign-in, guessed at a few times, spent with the factor.
import { sql } from 'kysely';
import type { SentMethod } from '../domain/factors.ts';
import type { Asker } from '../domain/limits.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** What a code is for. */
export type SentCode = {
  readonly userId: string;
  /** The factor that it proves; of a new one, the id that it gets. */
  readonly credentialId: string;
  readonly method: SentMethod;
  /** Its MAC. */
  readonly code: string;
  /** Whose budget it was counted on. */
  readonly from: Asker;
  /** Of a factor that is added by it. */
  readonly adds?: {
    readonly phone?: string | undefined;
    readonly name?: string | undefined;
  };
};

// one_time_tokens_pkey. Nothing comes back while the wait after the last one lasts.
const keep = statement(
  {
    tenantId: 'uuid',
    hash: 'bytea',
    userId: 'uuid',
    payload: 'jsonb',
    now: 'timestamptz',
    expiresAt: 'timestamptz',
    sentBefore: 'timestamptz',
  },
  (_q, p) =>
    sql`INSERT INTO one_time_tokens AS o (tenant_id, kind, hash, user_id, payload, attempts, created_at, expires_at)
      VALUES (${p.tenantId}, 'factor_code', ${p.hash}, ${p.userId}, ${p.payload}, 0, ${p.now}, ${p.expiresAt})
      ON CONFLICT (tenant_id, kind, hash) DO UPDATE
        SET user_id = EXCLUDED.user_id, payload = EXCLUDED.payload, attempts = 0, created_at = EXCLUDED.created_at,
          expires_at = EXCLUDED.expires_at, used_at = NULL
        WHERE o.created_at <= ${p.sentBefore}`,
);

/** In the place of the one before. @returns false when that one is not `wait` milliseconds old yet. */
export async function keepSentCode(
  tx: Db,
  tenantId: string,
  {
    hash,
    expiresAt,
    wait,
    ...payload
  }: SentCode & { readonly hash: Buffer; readonly expiresAt: number; readonly wait: number },
  now: number,
): Promise<boolean> {
  const values = { tenantId, hash, userId: payload.userId, payload, now, expiresAt, sentBefore: now - wait };
  return (await keep.run(tx, values)) === 1;
}

// one_time_tokens_pkey
const find = statement({ tenantId: 'uuid', hash: 'bytea', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('one_time_tokens')
    .select(['payload', 'created_at'])
    .where('tenant_id', '=', p.tenantId)
    .where('kind', '=', sql.lit('factor_code'))
    .where('hash', '=', p.hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', p.now),
);

/** The one that is waited for. `sentAt` in milliseconds. */
export async function findSentCode(
  db: Db,
  tenantId: string,
  hash: Buffer,
  now: number,
): Promise<{ readonly sent: SentCode; readonly sentAt: number } | undefined> {
  const row = await find.first(db, { tenantId, hash, now });
  return row && { sent: row.payload as SentCode, sentAt: row.created_at };
}

// one_time_tokens_pkey. Counted before it is compared: at once, too, there are no more guesses than allowed.
const guess = statement(
  { tenantId: 'uuid', hash: 'bytea', userId: 'uuid', most: 'integer', now: 'timestamptz' },
  (_q, p) =>
    sql<{ payload: unknown }>`UPDATE one_time_tokens SET attempts = attempts + 1
      WHERE tenant_id = ${p.tenantId} AND kind = 'factor_code' AND hash = ${p.hash} AND user_id = ${p.userId}
        AND used_at IS NULL AND expires_at > ${p.now} AND attempts < ${p.most}
      RETURNING payload`,
);

/** Counts a guess. @returns undefined when no code is waited for, or `most` guesses were made. */
export async function guessAtSentCode(
  db: Db,
  tenantId: string,
  { hash, userId, most }: { hash: Buffer; userId: string; most: number },
  now: number,
): Promise<SentCode | undefined> {
  return (await guess.first(db, { tenantId, hash, userId, most, now }))?.payload as SentCode | undefined;
}
