// Attempt counters shared by all processes: an attempt is reserved before it is made, by one statement per key.
import { type RawBuilder, sql } from 'kysely';
import { type Budget, waitAfter } from '../domain/limits.ts';
import type { Db } from './database.ts';
import { type Markers, type Part, statement } from './statement.ts';

/**
 * When the next attempt may be made. Where none has to wait it is long ago: of two attempts at once the later one may come
 * with the earlier time.
 */
const nextAt = (now: Part, milliseconds: RawBuilder<unknown>) =>
  sql`CASE WHEN ${milliseconds} = 0 THEN to_timestamp(0) ELSE ${now} + make_interval(secs => ${milliseconds} / 1000) END`;

// limits_pkey. Nothing comes back while the wait of the last attempt lasts: that attempt is refused, and not counted.
const reserve = statement(
  {
    tenantId: 'uuid',
    key: 'text',
    now: 'timestamptz',
    waits: 'jsonb',
    longestWait: 'integer',
    forgottenAfter: 'integer',
  },
  (_q, p) => {
    const first = sql`(${p.waits}->>0)::double precision`;
    const next = sql`CASE WHEN l.expires_at <= ${p.now} THEN ${first}
      ELSE COALESCE((${p.waits}->>l.attempts)::double precision, ${p.longestWait}) END`;
    return sql<{ attempts: number }>`INSERT INTO limits AS l (tenant_id, key, attempts, next_at, expires_at)
      VALUES (${p.tenantId}, ${p.key}, 1, ${nextAt(p.now, first)},
        ${p.now} + make_interval(secs => ${p.forgottenAfter}::double precision / 1000))
      ON CONFLICT (tenant_id, key) DO UPDATE SET
        attempts = CASE WHEN l.expires_at <= ${p.now} THEN 1 ELSE l.attempts + 1 END,
        next_at = ${nextAt(p.now, next)},
        expires_at = EXCLUDED.expires_at
      WHERE l.next_at <= ${p.now} OR l.next_at > ${p.now} + make_interval(secs => ${p.longestWait}::double precision / 1000)
      RETURNING l.attempts`;
  },
);

// limits_pkey
const find = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  q.selectFrom('limits').select(['next_at']).where('tenant_id', '=', p.tenantId).where('key', '=', p.key),
);

export type Reservation =
  | { readonly allowed: true; readonly attempts: number }
  | { readonly allowed: false; readonly retryAt: number };

/** Counts one attempt under `key` if its budget allows one now. `retryAt` in milliseconds. */
export async function reserveAttempt(
  db: Db,
  tenantId: string,
  key: string,
  budget: Budget,
  now: number,
): Promise<Reservation> {
  const waits = waitsOf(budget);
  const row = await reserve.first(db, {
    tenantId,
    key,
    now,
    waits,
    longestWait: budget.longestWait,
    forgottenAfter: budget.forgottenAfter,
  });
  if (row) return { allowed: true, attempts: row.attempts };
  return { allowed: false, retryAt: (await find.first(db, { tenantId, key }))?.next_at ?? now + 1000 };
}

// limits_pkey
const clear = statement({ tenantId: 'uuid', key: 'text' }, (q, p) =>
  q.deleteFrom('limits').where('tenant_id', '=', p.tenantId).where('key', '=', p.key),
);

/** Forgets the attempts under `key`: the last one succeeded. */
export async function clearAttempts(tx: Db, tenantId: string, key: string): Promise<void> {
  await clear.run(tx, { tenantId, key });
}

// limits_pkey, of which it reads what the tenant has.
const clearPrefix = statement(
  { tenantId: 'uuid', prefix: 'text' },
  (_q, p) => sql`DELETE FROM limits WHERE tenant_id = ${p.tenantId} AND starts_with(key, ${p.prefix})`,
);

/** Forgets the attempts under every key that begins with `prefix`. */
export async function clearAttemptsBelow(tx: Db, tenantId: string, prefix: string): Promise<void> {
  await clearPrefix.run(tx, { tenantId, prefix });
}

/** Where an attempt was counted, as statements take it that do what the attempt was for. */
export const countedParams = { accountKey: 'text?', addressKey: 'text?' } as const;

/** Two members of the `WITH` of a statement: what a right attempt cost is forgotten and given back, when `done` has rows. limits_pkey */
export function forgottenIf(p: Markers<typeof countedParams & { tenantId: 'uuid' }>, done: Part): RawBuilder<unknown> {
  return sql`cleared AS (
        DELETE FROM limits WHERE tenant_id = ${p.tenantId} AND key = ${p.accountKey} AND EXISTS (${done})
      ), refunded AS (
        UPDATE limits SET attempts = GREATEST(attempts - 1, 0)
        WHERE tenant_id = ${p.tenantId} AND key = ${p.addressKey} AND EXISTS (${done})
      )`;
}

const computed = new Map<Budget, number[]>();

/** The waits in milliseconds by number of attempts, until they stop growing. */
function waitsOf(budget: Budget): number[] {
  let waits = computed.get(budget);
  if (!waits) {
    waits = [];
    for (let attempt = 1; waits.at(-1) !== budget.longestWait; attempt += 1) waits.push(waitAfter(budget, attempt));
    computed.set(budget, waits);
  }
  return waits;
}

// limits_pkey
const refund = statement(
  { tenantId: 'uuid', key: 'text' },
  (_q, p) =>
    sql`UPDATE limits SET attempts = GREATEST(attempts - 1, 0) WHERE tenant_id = ${p.tenantId} AND key = ${p.key}`,
);

/** Takes one attempt off the count; a wait that it began still ends when it would have. */
export async function refundAttempt(tx: Db, tenantId: string, key: string): Promise<void> {
  await refund.run(tx, { tenantId, key });
}

// limits_pkey
const rightOne = statement(
  { tenantId: 'uuid', right: 'text', until: 'timestamptz' },
  (_q, p) =>
    sql`INSERT INTO limits (tenant_id, key, attempts, next_at, expires_at)
      VALUES (${p.tenantId}, ${p.right}, 0, to_timestamp(0), ${p.until})
      ON CONFLICT (tenant_id, key) DO UPDATE SET expires_at = EXCLUDED.expires_at`,
);

/** Remembers `until` then that what `right` names was right. */
export async function rememberRight(db: Db, tenantId: string, right: string, until: number): Promise<void> {
  await rightOne.run(db, { tenantId, right, until });
}

// limits_pkey
const remembered = statement({ tenantId: 'uuid', right: 'text', now: 'timestamptz' }, (q, p) =>
  q
    .selectFrom('limits')
    .select(['key'])
    .where('tenant_id', '=', p.tenantId)
    .where('key', '=', p.right)
    .where('expires_at', '>', p.now),
);

/** Whether {@link rememberRight} remembered it and it still counts. */
export async function wasRight(db: Db, tenantId: string, right: string, now: number): Promise<boolean> {
  return (await remembered.first(db, { tenantId, right, now })) !== undefined;
}

// limits_pkey
const giveBack = statement(
  { tenantId: 'uuid', key: 'text' },
  (_q, p) =>
    sql`UPDATE limits SET attempts = GREATEST(attempts - 1, 0), next_at = to_timestamp(0) WHERE tenant_id = ${p.tenantId} AND key = ${p.key}`,
);

/** Takes back a reservation whose attempt was never made, and the wait it began. */
export async function returnAttempt(db: Db, tenantId: string, key: string): Promise<void> {
  await giveBack.run(db, { tenantId, key });
}
