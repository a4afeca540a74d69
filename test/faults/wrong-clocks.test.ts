// Clocks that are wrong, of one process or of all: nobody loses a session, no key's turn is put off, and the log says why.
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/flows/events.ts';
import { maintain } from '../../src/flows/upkeep/maintenance.ts';
import { takeLease } from '../../src/storage/leases.ts';
import { query } from '../support/database.ts';
import { logIn, refreshAt } from '../support/first-party.ts';
import { alice, codeFlow, getUserinfo, refresh, spaClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const day = 24 * 3600;
const minute = 60_000;

let signet: TestSignet;
let lines: { level: number; msg: string }[];
const log = () =>
  pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) });
beforeEach(async () => {
  lines = [];
  signet = await startSignet({ provision: world, log: log() });
});
afterEach(() => signet.stop());

async function counts(): Promise<Record<string, number>> {
  const tables = ['sessions', 'grants', 'refresh_tokens', 'limits', 'sign_in_attempts', 'signing_keys'];
  const rows = await Promise.all(
    tables.map(async (table) => [table, (await query(signet.database.url, `SELECT 1 FROM ${table}`)).length] as const),
  );
  return Object.fromEntries(rows);
}
const keys = () => query(signet.database.url, `SELECT kid, state, state_since, due_at FROM signing_keys ORDER BY kid`);
/** One round, whoever had the lease. */
async function round(at: TestSignet = signet): Promise<void> {
  await query(at.database.url, 'DELETE FROM leases');
  await maintain(at.server.deps, newId(at.server.deps, at.clock.now));
}
const ready = async (at: TestSignet) => (await fetch(`${at.server.url}/ready`)).status;

describe.each([
  ['2 days ahead', 2 * day],
  ['40 days ahead', 40 * day],
  ['400 days ahead', 400 * day],
  ['2 days behind', -2 * day],
  ['40 days behind', -40 * day],
  ['400 days behind', -400 * day],
])('a process whose machine is %s', (_how, seconds) => {
  test('starts, removes nothing, moves no key, is not ready, takes no lease, and says so', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const own = (await logIn(signet, alice)).body;
    const before = [await counts(), await keys()];
    const clock = { now: signet.clock.now + seconds * 1000, advance: () => {} };
    const wrong = await startSignet({
      beside: { ...signet, clock },
      log: log(),
      machineClock: () => Date.now() + seconds * 1000,
    });
    try {
      await query(signet.database.url, 'DELETE FROM leases');
      await maintain(wrong.server.deps, newId(wrong.server.deps, clock.now));
      expect(await query(signet.database.url, 'SELECT 1 FROM leases')).toEqual([]);
      expect([await ready(wrong), await ready(signet)]).toEqual([503, 200]);
    } finally {
      await wrong.stop();
    }
    const [rows, lives] = [await counts(), await keys()];
    expect([rows, lives]).toEqual(before);
    const direction = seconds > 0 ? 'ahead of' : 'behind';
    expect(lines.map(({ msg }) => msg)).toContainEqual(
      expect.stringMatching(
        new RegExp(`^The clock of this machine is [\\d.]+ s ${direction} that of the database. Until`),
      ),
    );
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    expect((await refresh(signet, spaClient, tokens.refresh_token)).status).toBe(200);
    expect((await refreshAt(signet, own.refresh_token)).status).toBe(200);
  });
});

describe.each([
  ['2 days', 2 * day],
  ['40 days', 40 * day],
  ['400 days', 400 * day],
])('database and process together %s ahead, and right again', (_how, seconds) => {
  test('nothing is removed, no key waits for that time, and it is said', async () => {
    await round();
    const { tokens } = await codeFlow(signet, spaClient);
    const before = await counts();
    signet.clock.advance(seconds);
    for (let rounds = 0; rounds < 3; rounds += 1) {
      await round();
      signet.clock.advance(60);
    }
    const { signing_keys: _keys, ...kept } = await counts();
    const { signing_keys: _before, ...had } = before;
    expect(kept).toEqual(had);
    expect(lines.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('or the clocks have jumped'));
    signet.clock.advance(-seconds - 180);
    await round();
    expect(lines.map(({ msg }) => msg)).toContainEqual(expect.stringContaining('was in the future'));
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    expect((await refresh(signet, spaClient, tokens.refresh_token)).status).toBe(200);
    const late = await query(
      signet.database.url,
      `SELECT kid FROM signing_keys WHERE state <> 'gone' AND (state_since > $1 OR due_at > $1 + interval '90 days')`,
      [new Date(signet.clock.now)],
    );
    expect(late).toEqual([]);
  });
});

test('a server that was down over the weekend: what expired stays a day more, then goes', async () => {
  await round();
  await query(
    signet.database.url,
    `INSERT INTO limits (tenant_id, key, attempts, next_at, expires_at) SELECT id, 'expired', 1, to_timestamp(0), to_timestamp(0) FROM tenants`,
  );
  const left = async () => (await query(signet.database.url, `SELECT 1 FROM limits WHERE key = 'expired'`)).length;
  signet.clock.advance(3 * day);
  await round();
  expect(await left()).toBe(1);
  for (let hours = 0; hours < 23; hours += 1) {
    signet.clock.advance(3599);
    await round();
  }
  expect(await left()).toBe(1);
  for (let hours = 0; hours < 2; hours += 1) {
    signet.clock.advance(3599);
    await round();
  }
  expect(await left()).toBe(0);
});

test('less than a minute apart is no difference', async () => {
  const other = await startSignet({ beside: signet, machineClock: () => Date.now() + minute - 5000 });
  try {
    expect(await ready(other)).toBe(200);
    await query(signet.database.url, 'DELETE FROM leases');
    await maintain(other.server.deps, newId(other.server.deps, signet.clock.now));
    expect(await query(signet.database.url, 'SELECT 1 FROM leases')).toHaveLength(1);
    expect(await takeLease(signet.server.deps.db, 'x', '00000000-0000-7000-8000-000000000001', 0, 1)).toBe(true);
  } finally {
    await other.stop();
  }
});
