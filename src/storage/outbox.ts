// Messages to people: written with their cause, claimed by one process at a time, settled once.
import { sql } from 'kysely';
import type { Channel, OutboxState, Purposes } from '../domain/outbox.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

export type NewMessage = {
  readonly id: string;
  readonly channel: Channel;
  readonly purpose: Purposes[Channel];
  readonly destination: string;
  readonly userId: string | null;
  readonly sealed: string;
  readonly expiresAt: number;
};

const insert = statement(
  {
    tenantId: 'uuid',
    id: 'uuid',
    channel: 'text',
    purpose: 'text',
    destination: 'text',
    userId: 'uuid?',
    sealed: 'text',
    expiresAt: 'timestamptz',
    now: 'timestamptz',
  },
  (_q, p) =>
    sql`INSERT INTO outbox (tenant_id, id, channel, purpose, destination, user_id, sealed, state, attempts, next_at, created_at, expires_at)
      VALUES (${p.tenantId}, ${p.id}, ${p.channel}, ${p.purpose}, ${p.destination}, ${p.userId}, ${p.sealed}, 'waiting', 0,
        ${p.now}, ${p.now}, ${p.expiresAt})`,
);

/** On the transaction of its cause. */
export async function insertMessage(tx: Db, tenantId: string, message: NewMessage, now: number): Promise<void> {
  await insert.run(tx, { tenantId, ...message, now });
}

export type ClaimedMessage = Omit<NewMessage, 'userId'> & { readonly tenantId: string; readonly attempt: number };

// outbox_due_idx
const claim = statement(
  { channels: 'text[]', now: 'timestamptz', until: 'timestamptz' },
  (_q, p) =>
    sql<{
      tenant_id: string;
      id: string;
      channel: string;
      purpose: string;
      destination: string;
      sealed: string;
      attempts: number;
      expires_at: number;
    }>`UPDATE outbox SET attempts = attempts + 1, sending_until = ${p.until}
      WHERE (tenant_id, id) = (
        SELECT tenant_id, id FROM outbox
        WHERE state = 'waiting' AND next_at <= ${p.now} AND channel = ANY(${p.channels})
          AND (sending_until IS NULL OR sending_until <= ${p.now})
        ORDER BY next_at LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING tenant_id, id, channel, purpose, destination, sealed, attempts, expires_at`,
);

/** The message that has been due longest, of any tenant: until `until` no other process gets it. */
export async function claimMessage(
  db: Db,
  channels: readonly Channel[],
  now: number,
  until: number,
): Promise<ClaimedMessage | undefined> {
  const row = await claim.first(db, { channels, now, until });
  return (
    row && {
      tenantId: row.tenant_id,
      id: row.id,
      channel: row.channel as Channel,
      purpose: row.purpose as Purposes[Channel],
      destination: row.destination,
      sealed: row.sealed,
      attempt: row.attempts,
      expiresAt: row.expires_at,
    }
  );
}

const attemptOf = { tenantId: 'uuid', id: 'uuid', attempt: 'integer', now: 'timestamptz' } as const;
type Attempt = { readonly tenantId: string; readonly id: string; readonly attempt: number };

// outbox_pkey. Once sent, what it said is gone.
const settle = statement(
  { ...attemptOf, state: 'text', problem: 'text?' },
  (_q, p) =>
    sql`UPDATE outbox SET state = ${p.state}, settled_at = ${p.now}, problem = ${p.problem}, sending_until = NULL,
        sealed = CASE WHEN ${p.state} = 'sent' THEN NULL ELSE sealed END
      WHERE tenant_id = ${p.tenantId} AND id = ${p.id} AND state = 'waiting' AND attempts = ${p.attempt}`,
);

/** It was taken. */
export async function markSent(db: Db, { tenantId, id, attempt }: Attempt, now: number): Promise<void> {
  await settle.run(db, { tenantId, id, attempt, now, state: 'sent', problem: null });
}

/** It is given up. */
export async function markDead(
  db: Db,
  { tenantId, id, attempt }: Attempt,
  problem: string,
  now: number,
): Promise<void> {
  await settle.run(db, { tenantId, id, attempt, now, state: 'dead', problem });
}

// outbox_pkey
const postpone = statement(
  { ...attemptOf, problem: 'text' },
  (_q, p) =>
    sql`UPDATE outbox SET next_at = ${p.now}, problem = ${p.problem}, sending_until = NULL
      WHERE tenant_id = ${p.tenantId} AND id = ${p.id} AND state = 'waiting' AND attempts = ${p.attempt}`,
);

/** It is tried again at `nextAt`. */
export async function postponeMessage(
  db: Db,
  { tenantId, id, attempt }: Attempt,
  problem: string,
  nextAt: number,
): Promise<void> {
  await postpone.run(db, { tenantId, id, attempt, problem, now: nextAt });
}

/** What operators see of a message. */
export type ListedMessage = {
  readonly id: string;
  readonly channel: string;
  readonly purpose: string;
  readonly destination: string;
  readonly state: OutboxState;
  readonly attempts: number;
  readonly problem: string | undefined;
  readonly createdAt: number;
  readonly nextAt: number;
  readonly settledAt: number | undefined;
  readonly expiresAt: number;
};

// outbox_pkey. Ids begin with the time.
const list = statement({ tenantId: 'uuid', state: 'text?', before: 'uuid?', limit: 'integer' }, (q, p) =>
  q
    .selectFrom('outbox')
    .select(['id', 'channel', 'purpose', 'destination', 'state', 'attempts', 'problem'])
    .select(['created_at', 'next_at', 'settled_at', 'expires_at'])
    .where('tenant_id', '=', p.tenantId)
    .where((e) => e.or([e(p.state, 'is', null), e('state', '=', p.state)]))
    .where((e) => e.or([e(p.before, 'is', null), e('id', '<', p.before)]))
    .orderBy('id', 'desc')
    .limit(p.limit),
);

/** Up to `limit`, the newest first, those before `before`. */
export async function listMessages(
  db: Db,
  tenantId: string,
  { state, before, limit }: { state: OutboxState | undefined; before: string | undefined; limit: number },
): Promise<ListedMessage[]> {
  const rows = await list.all(db, { tenantId, state: state ?? null, before: before ?? null, limit });
  return rows.map((row) => ({
    id: row.id,
    channel: row.channel,
    purpose: row.purpose,
    destination: row.destination,
    state: row.state as OutboxState,
    attempts: row.attempts,
    problem: row.problem ?? undefined,
    createdAt: row.created_at,
    nextAt: row.next_at,
    settledAt: row.settled_at ?? undefined,
    expiresAt: row.expires_at,
  }));
}

// outbox_pkey, outbox_due_idx. One that somebody sends at this moment is left to them.
const retry = statement(
  { tenantId: 'uuid', id: 'uuid?', now: 'timestamptz' },
  (_q, p) =>
    sql<{ id: string }>`UPDATE outbox SET state = 'waiting', settled_at = NULL, next_at = ${p.now}
      WHERE tenant_id = ${p.tenantId} AND (${p.id} IS NULL OR id = ${p.id}) AND state IN ('waiting', 'dead')
        AND sealed IS NOT NULL AND expires_at > ${p.now} AND (sending_until IS NULL OR sending_until <= ${p.now})
      RETURNING id`,
);

/** Tries the message of this id now, or every one that waits or is dead; not what is too old. @returns how many there are to try. */
export async function retryMessages(db: Db, tenantId: string, id: string | undefined, now: number): Promise<number> {
  return (await retry.all(db, { tenantId, id: id ?? null, now })).length;
}

export type OutboxCount = {
  readonly channel: string;
  readonly state: string;
  readonly count: number;
  readonly oldest: number;
};

// outbox_due_idx, outbox_dead_idx
const counts = statement({}, (q) =>
  q
    .selectFrom('outbox')
    .select((e) => ['channel', 'state', e.fn.countAll<number>().as('count'), e.fn.min('created_at').as('oldest')])
    .where('state', 'in', [sql.lit('waiting'), sql.lit('dead')])
    .groupBy(['channel', 'state']),
);

/** How many of all tenants wait or are dead, and since when the oldest does. */
export async function countMessages(db: Db): Promise<OutboxCount[]> {
  return (await counts.all(db, {})).map(({ channel, state, count, oldest }) => ({
    channel,
    state,
    count,
    oldest,
  }));
}

// A sequential scan of few rows: of an installation that sends nothing.
const newest = statement({ limit: 'integer' }, (q, p) =>
  q
    .selectFrom('outbox as o')
    .innerJoin('tenants as t', 't.id', 'o.tenant_id')
    .select(['o.id', 't.slug', 'o.channel', 'o.purpose', 'o.destination', 'o.sealed', 'o.created_at'])
    .where('o.state', '=', sql.lit('waiting'))
    .where('o.sealed', 'is not', null)
    .orderBy('o.id', 'desc')
    .limit(p.limit),
);

/** What waits, of all tenants, the newest first. */
export async function newestMessages(db: Db, limit: number) {
  const rows = await newest.all(db, { limit });
  return rows.map(({ id, slug, channel, purpose, destination, sealed, created_at }) => ({
    id,
    tenant: slug,
    channel: channel as Channel,
    purpose,
    destination,
    sealed: sealed!,
    createdAt: created_at,
  }));
}
