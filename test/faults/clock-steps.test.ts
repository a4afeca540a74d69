// A clock that was a year ahead and is right again: what it wrote into the future binds nobody.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { maintain } from '../../src/flows/upkeep/maintenance.ts';
import { takeLease } from '../../src/storage/leases.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { submitPassword } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const year = 365 * 24 * 3600;
const [one, other] = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'] as const;
const users = ['carol', 'dave'].map((username) => ({ username, password: `${username} signs in with this` }));

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { users } });
});
// The round of the start has the lease otherwise.
beforeEach(() => query(signet.database.url, 'DELETE FROM leases'));
afterAll(() => signet.stop());

test('the lease of maintenance that was taken then is void, and the next round is made', async () => {
  const { deps } = signet.server;
  signet.clock.advance(year);
  await maintain(deps, one);
  signet.clock.advance(-year);
  await query(
    signet.database.url,
    `INSERT INTO limits (tenant_id, key, attempts, next_at, expires_at)
     SELECT id, 'expired', 1, to_timestamp(0), to_timestamp(0) FROM tenants`,
  );
  await query(signet.database.url, 'DELETE FROM upkeep_rounds');
  await maintain(deps, other);
  expect(await query(signet.database.url, `SELECT 1 FROM limits WHERE key = 'expired'`)).toEqual([]);
});

test('a lease is void only when no clock nearby could have made it', async () => {
  const { db } = signet.server.deps;
  const take = (holder: string, now: number) => takeLease(db, 'steps', holder, now, now + 100);
  expect(await take(one, 1000)).toBe(true);
  // Up to a whole term behind is a clock that goes a little wrong, and the lease holds.
  expect([await take(other, 900), await take(other, 1050)]).toEqual([false, false]);
  expect(await take(other, 899)).toBe(true);
});

test('wrong passwords of that time: nobody waits longer than the longest wait', async () => {
  const [carol, dave] = users as [(typeof users)[0], (typeof users)[0]];
  const attempt = async (user: typeof carol) => {
    const agent = createAgent();
    return submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), user);
  };
  signet.clock.advance(year);
  for (let i = 0; i < 5; i += 1) expect((await attempt({ ...carol, password: 'wrong' })).status).toBe(403);
  expect((await attempt(carol)).status).toBe(429);
  signet.clock.advance(-year);
  expect((await attempt(carol)).status).toBe(303);
  // A step that is no longer than a wait changes nothing.
  for (let i = 0; i < 5; i += 1) await attempt({ ...dave, password: 'wrong' });
  signet.clock.advance(-600);
  expect((await attempt(dave)).status).toBe(429);
});
