// The audit log by the month: made ahead, filled whatever the clock says, dropped as a whole.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepAuditMonths } from '../../src/flows/upkeep/audit-months.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet();
});
afterAll(() => signet.stop());

const parts = async () =>
  (
    await query<{ name: string }>(
      signet.database.url,
      `SELECT relname AS name FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'audit_events'::regclass ORDER BY 1`,
    )
  ).map(({ name }) => name.replace('audit_events_', ''));

const countIn = async (part: string) =>
  (await query<{ n: string }>(signet.database.url, `SELECT count(*) AS n FROM audit_events_${part}`))[0]!.n;

/** Tells the server that it is another time. */
const goTo = (date: string) => signet.clock.advance(Math.round((Date.parse(date) - signet.clock.now) / 1000));
const event = (slug: string) => signet.provision({ tenant: 'default', users: [{ username: slug }] });

test('this month and three more have their part, and the first event is in it', async () => {
  const names = await parts();
  const month = new Date(signet.clock.now).toISOString().slice(0, 7).replace('-', '_');
  expect(names).toHaveLength(5);
  expect([names[0], names.at(-1)]).toEqual([month, 'other']);
  expect(await countIn('other')).toBe('0');
  expect(Number(await countIn(month))).toBeGreaterThan(0);
});

test('an event of any time is kept; one that came before its part is moved into it', async () => {
  goTo('2031-05-31T23:59:59Z');
  await event('late-may');
  goTo('2031-06-30T12:00:00Z');
  await event('june');
  expect(await countIn('other')).toBe('2');
  await keepAuditMonths(signet.server.deps);
  expect(await parts()).toEqual(
    expect.arrayContaining(['2031_05', '2031_06', '2031_07', '2031_08', '2031_09', 'other']),
  );
  expect([await countIn('2031_05'), await countIn('2031_06'), await countIn('other')]).toEqual(['1', '1', '0']);
});

test('many processes that make the same month at once, with events on their way: every event is there', async () => {
  goTo('2033-02-01T00:00:00Z');
  const { deps } = signet.server;
  const writing = Array.from({ length: 20 }, (_, i) => event(`busy-${i}`));
  await Promise.all([...writing, keepAuditMonths(deps), keepAuditMonths(deps), keepAuditMonths(deps)]);
  await keepAuditMonths(deps);
  expect([await countIn('2033_02'), await countIn('other')]).toEqual(['20', '0']);
});

test('a month that is older than it must be kept is dropped, one a round; without a policy none is', async () => {
  const { deps } = signet.server;
  const before = await parts();
  await keepAuditMonths(deps);
  expect(await parts()).toEqual(before);
  await keepAuditMonths(deps, 20);
  expect(await parts()).toEqual(before.slice(1));
  for (let round = 0; round < 20; round += 1) await keepAuditMonths(deps, 20);
  expect((await parts())[0]).toBe('2031_06');
});

const write = (at: string, count: number) =>
  query(
    signet.database.url,
    `INSERT INTO audit_events (tenant_id, id, at, type, actor_kind, data)
     SELECT (SELECT id FROM tenants LIMIT 1), gen_random_uuid(), $1, 'key.created', 'server', '{}' FROM generate_series(1, $2)`,
    [at, count],
  );

test('a past month with more events than can be moved in a moment stays where it is, and keeps no other from being made and dropped', async () => {
  const { deps } = signet.server;
  await write('2032-01-15T00:00:00Z', 100_001);
  goTo('2035-06-01T00:00:00Z');
  await event('large');
  await keepAuditMonths(deps, 60);
  expect(await countIn('other')).toBe('100001');
  expect(await parts()).toContain('2035_09');
  const [oldest] = await parts();
  // The large one is too old now: it goes in batches, beside a month that goes as a whole.
  // Not while PostgreSQL itself looks after it: then the next round does it.
  const rest = async () => {
    await keepAuditMonths(deps, 36);
    return [await countIn('other'), (await parts())[0] === oldest];
  };
  await expect.poll(rest, { timeout: 15_000, interval: 500 }).toEqual(['0', false]);
});

test('while somebody reads the log no month is dropped, and nobody who writes waits for it', async () => {
  const { deps } = signet.server;
  const [oldest] = await parts();
  const reader = new pg.Client(signet.database.url);
  await reader.connect();
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM audit_events');
  const refused: unknown[] = [];
  const log = { ...deps.log, warn: (about: object) => refused.push(about) } as unknown as typeof deps.log;
  await Promise.all([keepAuditMonths({ ...deps, log }, 1), event('beside-a-reader')]);
  expect(refused).toHaveLength(1);
  expect((await parts())[0]).toBe(oldest);
  await reader.query('COMMIT');
  await reader.end();
  // The backend of the reader may hold its lock for a moment longer.
  await expect
    .poll(async () => {
      await keepAuditMonths(deps, 1);
      return (await parts())[0];
    })
    .not.toBe(oldest);
});
