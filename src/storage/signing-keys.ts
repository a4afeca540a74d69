// Signing keys of a tenant, public part in clear and private part sealed.
import { sql } from 'kysely';
import type { SigningAlg } from '../domain/client.ts';
import { dueAt, type KeyState } from '../domain/key-life.ts';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** Times in milliseconds. */
export type StoredKey = {
  readonly kid: string;
  readonly alg: SigningAlg;
  readonly state: KeyState;
  readonly stateSince: number;
  readonly publicJwk: Record<string, unknown>;
  readonly privateJwkSealed: string | undefined;
};

// signing_keys_pkey
const published = statement({ tenantId: 'uuid' }, (q, p) =>
  q
    .selectFrom('signing_keys')
    .select(['kid', 'alg', 'state', 'state_since', 'public_jwk', 'private_jwk_sealed'])
    .where('tenant_id', '=', p.tenantId)
    .where('state', '<>', 'gone')
    .orderBy('created_at')
    .orderBy('kid'),
);

/** Every key that is published: next, active and retired ones. */
export async function listPublishedKeys(db: Db, tenantId: string): Promise<StoredKey[]> {
  const rows = await published.all(db, { tenantId });
  return rows.map((row) => ({
    kid: row.kid,
    alg: row.alg as SigningAlg,
    state: row.state as KeyState,
    stateSince: row.state_since,
    publicJwk: row.public_jwk as Record<string, unknown>,
    privateJwkSealed: row.private_jwk_sealed ?? undefined,
  }));
}

const insert = statement(
  {
    tenantId: 'uuid',
    kid: 'text',
    alg: 'text',
    state: 'text',
    publicJwk: 'jsonb',
    sealed: 'text',
    now: 'timestamptz',
    dueAt: 'timestamptz?',
  },
  (q, p) =>
    q
      .insertInto('signing_keys')
      .values({
        tenant_id: p.tenantId,
        kid: p.kid,
        alg: p.alg,
        state: p.state,
        public_jwk: p.publicJwk,
        private_jwk_sealed: p.sealed,
        created_at: p.now,
        state_since: p.now,
        due_at: p.dueAt,
      })
      .onConflict((conflict) => conflict.doNothing()),
);

/** @returns false when another process made the key of this state first. */
export async function insertKey(
  tx: Db,
  tenantId: string,
  key: { kid: string; alg: SigningAlg; state: 'next' | 'active'; publicJwk: object; privateJwkSealed: string },
  now: number,
): Promise<boolean> {
  const values = {
    tenantId,
    kid: key.kid,
    alg: key.alg,
    state: key.state,
    publicJwk: key.publicJwk,
    sealed: key.privateJwkSealed,
  };
  return (await insert.run(tx, { ...values, now, dueAt: dueAt(key.state, now) ?? null })) === 1;
}

const move = statement(
  { tenantId: 'uuid', kid: 'text', from: 'text', to: 'text', now: 'timestamptz', dueAt: 'timestamptz?' },
  (q, p) =>
    q
      .updateTable('signing_keys')
      .set({ state: p.to, state_since: p.now, due_at: p.dueAt })
      .where('tenant_id', '=', p.tenantId)
      .where('kid', '=', p.kid)
      .where('state', '=', p.from),
);
const erasePrivate = statement({ tenantId: 'uuid', kid: 'text' }, (q, p) =>
  q
    .updateTable('signing_keys')
    .set({ private_jwk_sealed: null })
    .where('tenant_id', '=', p.tenantId)
    .where('kid', '=', p.kid),
);

/** One step of a key's life, if it still stands where it is thought to. A key that retires loses its private part. */
export async function moveKey(
  tx: Db,
  tenantId: string,
  kid: string,
  from: KeyState,
  to: KeyState,
  now: number,
): Promise<boolean> {
  const moved = (await move.run(tx, { tenantId, kid, from, to, now, dueAt: dueAt(to, now) ?? null })) === 1;
  if (moved && (to === 'retired' || to === 'gone')) await erasePrivate.run(tx, { tenantId, kid });
  return moved;
}

// signing_keys_due_idx
const due = statement({ now: 'timestamptz' }, (q, p) =>
  q.selectFrom('signing_keys').select('tenant_id').distinct().where('due_at', '<=', p.now).limit(100),
);

/** Up to 100 tenants that have a key whose next step is due. The one statement that looks across tenants. */
export async function tenantsWithDueKeys(db: Db, now: number): Promise<string[]> {
  return (await due.all(db, { now })).map((row) => row.tenant_id);
}

// A sequential scan: keys are few, and each process asks at most once a minute.
const groups = statement({}, (q) =>
  q
    .selectFrom('signing_keys')
    .select(({ fn }) => ['alg', 'state', fn.countAll<number>().as('count'), fn.min('state_since').as('since')])
    .where('state', '<>', 'gone')
    .groupBy(['alg', 'state']),
);

/** How many keys there are, of all tenants, and since when (milliseconds) the one has been so that has been so longest. */
export type KeyGroup = {
  readonly alg: SigningAlg;
  readonly state: KeyState;
  readonly count: number;
  readonly since: number;
};

/** The keys of all tenants that are published, by algorithm and state: numbers only. */
export async function countKeys(db: Db): Promise<KeyGroup[]> {
  const rows = await groups.all(db, {});
  return rows.map((row) => ({ ...row, alg: row.alg as SigningAlg, state: row.state as KeyState }));
}

const postpone = statement({ tenantId: 'uuid', now: 'timestamptz', until: 'timestamptz' }, (q, p) =>
  q
    .updateTable('signing_keys')
    .set({ due_at: p.until })
    .where('tenant_id', '=', p.tenantId)
    .where('due_at', '<=', p.now),
);

// A sequential scan: keys are few, and clocks are seldom set back.
const forgetFuture = statement(
  { state: 'text', now: 'timestamptz', dueAt: 'timestamptz?', life: 'integer' },
  (_q, p) =>
    sql`UPDATE signing_keys SET state_since = LEAST(state_since, ${p.now}),
        due_at = CASE WHEN state_since > ${p.now} THEN ${p.dueAt} ELSE ${p.now} END
      WHERE state = ${p.state}
        AND (state_since > ${p.now}
          OR due_at > GREATEST(state_since + make_interval(secs => ${p.life}), ${p.now} + interval '1 hour'))`,
);

/**
 * What a clock that was ahead wrote of the lives of all tenants' keys: a state that began in the future begins now, and a
 * step that was put off is looked at again. No key waits for that future.
 */
export async function forgetFutureKeyTimes(db: Db, now: number): Promise<void> {
  for (const state of ['next', 'active', 'retired'] as const) {
    const due = dueAt(state, now)!;
    await forgetFuture.run(db, { state, now, dueAt: due, life: Math.round((due - now) / 1000) });
  }
}

/** Looks again at `until` at keys whose step is due but waits for another key's. */
export async function postponeDueKeys(tx: Db, tenantId: string, now: number, until: number): Promise<void> {
  await postpone.run(tx, { tenantId, now, until });
}

// A sequential scan: keys are few, and it runs once a minute in one process.
const sealedOtherwise = statement(
  { current: 'text' },
  (_q, p) =>
    sql<{
      tenant_id: string;
      kid: string;
      private_jwk_sealed: string;
    }>`SELECT tenant_id, kid, private_jwk_sealed FROM signing_keys
      WHERE private_jwk_sealed IS NOT NULL AND split_part(private_jwk_sealed, '.', 1) <> ${p.current} LIMIT 100`,
);

/** Up to 100 private keys, of any tenant, that an older SECRET_KEY seals. */
export async function keysSealedOtherwise(
  db: Db,
  current: string,
): Promise<{ tenantId: string; kid: string; sealed: string }[]> {
  const rows = await sealedOtherwise.all(db, { current });
  return rows.map((row) => ({ tenantId: row.tenant_id, kid: row.kid, sealed: row.private_jwk_sealed }));
}

// signing_keys_pkey
const reseal = statement({ tenantId: 'uuid', kid: 'text', from: 'text', to: 'text' }, (q, p) =>
  q
    .updateTable('signing_keys')
    .set({ private_jwk_sealed: p.to })
    .where('tenant_id', '=', p.tenantId)
    .where('kid', '=', p.kid)
    .where('private_jwk_sealed', '=', p.from),
);

/** The same private key under the current SECRET_KEY; does nothing when it was erased or sealed anew meanwhile. */
export async function resealKey(db: Db, tenantId: string, kid: string, from: string, to: string): Promise<void> {
  await reseal.run(db, { tenantId, kid, from, to });
}
