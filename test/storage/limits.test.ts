// Attempts that are counted at once: by processes whose clocks differ a little, and beside a row that somebody else changes.
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgottenIf, refundAttempt, reserveAttempt, returnAttempt } from '../../src/storage/limits.ts';
import { statement } from '../../src/storage/statement.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const budget = { free: 3, longestWait: 60_000, forgottenAfter: 3600_000 };
const now = Date.UTC(2026, 0, 1);

let signet: TestSignet;
let tenantId: string;
beforeAll(async () => {
  signet = await startSignet();
  [{ id: tenantId }] = (await query<{ id: string }>(signet.database.url, 'SELECT id FROM tenants')) as [{ id: string }];
});
afterAll(() => signet.stop());

const reserve = async (key: string, at = now) =>
  (await reserveAttempt(signet.server.deps.db, tenantId, key, budget, at)).allowed;
const counted = async (key: string) =>
  (await query<{ attempts: number }>(signet.database.url, `SELECT attempts FROM limits WHERE key = '${key}'`))[0]
    ?.attempts;

test('free attempts are free, also when the later one comes with the earlier time', async () => {
  expect([await reserve('clocks'), await reserve('clocks', now - 1000), await reserve('clocks', now - 1000)]).toEqual([
    true,
    true,
    true,
  ]);
  expect([await reserve('clocks', now - 500), await counted('clocks')]).toEqual([false, 3]);
});

test('one that was never made gives back the wait that it began, for whatever clock', async () => {
  for (let attempt = 0; attempt < budget.free; attempt += 1) await reserve('unmade');
  expect(await reserve('unmade')).toBe(false);
  await returnAttempt(signet.server.deps.db, tenantId, 'unmade');
  expect(await reserve('unmade', now - 1000)).toBe(true);
});

const right = statement(
  { tenantId: 'uuid', now: 'timestamptz', done: 'text', accountKey: 'text?', addressKey: 'text?' },
  (_q, p) => sql`WITH done AS (
      INSERT INTO limits (tenant_id, key, attempts, next_at, expires_at) VALUES (${p.tenantId}, ${p.done}, 1, ${p.now}, ${p.now})
      RETURNING key
    ), ${forgottenIf(p, sql`SELECT 1 FROM done`)} SELECT key FROM done`,
);

test.each(['statement', 'transaction'])(
  'what a right attempt gives back is given back beside others, by a %s',
  async (how) => {
    const { db } = signet.server.deps;
    const addressKey = `address ${how}`;
    await reserve(addressKey);
    await reserve(addressKey);
    const other = new pg.Client(signet.database.url);
    await other.connect();
    try {
      await other.query(`BEGIN; UPDATE limits SET attempts = attempts + 10 WHERE key = '${addressKey}'`);
      const given =
        how === 'statement'
          ? right.run(db, { tenantId, now, done: how, accountKey: null, addressKey })
          : refundAttempt(db, tenantId, addressKey);
      const waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
      await expect.poll(async () => (await query(signet.database.url, waits)).length).toBe(1);
      await other.query('COMMIT');
      await given;
    } finally {
      await other.end();
    }
    expect(await counted(addressKey)).toBe(11);
  },
);
