// Changing SECRET_KEY: what the older key seals is sealed anew, the older one can be left out, and one lost key harms one tenant.
import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterEach, expect, test } from 'vitest';
import { advanceKeys } from '../../src/flows/keys/advance.ts';
import { newId } from '../../src/flows/events.ts';
import { maintain } from '../../src/flows/upkeep/maintenance.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { alice, claimsOf, codeFlow, getUserinfo, ownClient, refresh, spaClient, world } from '../support/flow.ts';
import { codeOf, enrol, verifyAt } from '../support/second-factors.ts';
import { startSignet, type TestOptions, type TestSignet } from '../support/signet.ts';

const [older, newer] = [randomBytes(32), randomBytes(32)];

const running: TestSignet[] = [];
afterEach(async () => {
  for (const signet of running.splice(0).toReversed()) await signet.stop();
});
async function start(options: TestOptions, ...secretKeys: Buffer[]): Promise<TestSignet> {
  const signet = await startSignet({ ...options, config: { secretKeys } });
  running.push(signet);
  return signet;
}

const sealsOf = async ({ database }: TestSignet) => {
  const rows = await query<{ key: string }>(
    database.url,
    `SELECT DISTINCT split_part(private_jwk_sealed, '.', 1) AS key FROM signing_keys WHERE private_jwk_sealed IS NOT NULL`,
  );
  return rows.map(({ key }) => key);
};

/** One round of maintenance, whoever else had the lease. */
async function round(signet: TestSignet): Promise<void> {
  const { deps } = signet.server;
  await query(signet.database.url, 'DELETE FROM leases');
  await maintain(deps, newId(deps, signet.clock.now));
}

test('with "new,old" one round seals the keys of all tenants anew; then "new" alone starts and signs', async () => {
  const first = await start({ provision: world }, older);
  await first.provision({ ...world, tenant: 'acme' });
  const tenants = ['', '/t/acme'];
  const had = await Promise.all(tenants.map((path) => codeFlow({ issuer: `${first.issuer}${path}` }, ownClient)));
  expect(await sealsOf(first)).toEqual([first.server.deps.box.currentKey]);
  const both = await start({ beside: first }, newer, older);
  await round(both);
  expect(await sealsOf(first)).toEqual([both.server.deps.box.currentKey]);
  const alone = await start({ beside: first }, newer);
  for (const [i, path] of tenants.entries()) {
    const there = { issuer: `${alone.server.url}${path}` };
    const { status, body } = await refresh(there, ownClient, had[i]!.tokens.refresh_token);
    expect([status, claimsOf(body.id_token)['iss']]).toEqual([200, `${first.issuer}${path}`]);
    expect((await getUserinfo(there, had[i]!.tokens.access_token)).status).toBe(200);
  }
  await expect(startSignet({ beside: first, config: { secretKeys: [older] } })).rejects.toThrow(/SECRET_KEY/);
});

test('TOTP secrets are sealed anew as well; with neither key their codes are refused, and recovery codes go on', async () => {
  const first = await start({ provision: world }, older);
  const person = await enrol(first, alice);
  const half = async (at: TestSignet) => (await logIn({ issuer: at.server.url }, alice)).body.token;
  const prove = async (at: TestSignet, code: string) =>
    (await verifyAt({ issuer: at.server.url }, { token: await half(at), code })).status;
  const lost = await start({ beside: first }, newer, older);
  await query(first.database.url, `UPDATE credentials SET secret = 'x' || secret WHERE kind = 'totp'`);
  expect(await prove(lost, codeOf(person.secret, first.clock.now))).toBe(401);
  expect(await prove(lost, person.recoveryCodes[0]!)).toBe(200);
  await query(first.database.url, `UPDATE credentials SET secret = substr(secret, 2) WHERE kind = 'totp'`);
  await round(lost);
  const alone = await start({ beside: first }, newer);
  expect(await prove(alone, codeOf(person.secret, first.clock.now))).toBe(200);
});

test('rotation keys are sealed anew as well: refreshes and repeats go on with "new" alone; with neither, 503 and no end', async () => {
  const first = await start({ provision: world }, older);
  // A moment at which this key will be the one for a while.
  first.clock.advance(600 - (Math.floor(first.clock.now / 1000) % 600));
  const parent = (await codeFlow(first, spaClient)).tokens;
  const child = (await refresh(first, spaClient, parent.refresh_token)).body;
  const both = await start({ beside: first }, newer, older);
  const early = await start({ beside: first }, newer, older);
  await round(both);
  const alone = await start({ beside: first }, newer);
  const repeated = await refresh({ issuer: alone.server.url }, spaClient, parent.refresh_token);
  expect([repeated.status, repeated.body.refresh_token]).toEqual([200, child.refresh_token]);
  const next = await refresh({ issuer: alone.server.url }, spaClient, child.refresh_token);
  expect(next.status).toBe(200);

  await query(first.database.url, `UPDATE rotation_keys SET key_sealed = 'lost.' || split_part(key_sealed, '.', 2)`);
  const again = () => refresh({ issuer: early.server.url }, spaClient, next.body.refresh_token);
  const refused = await again();
  expect([refused.status, refused.body.error]).toEqual([503, 'temporarily_unavailable']);
  first.clock.advance(600);
  expect((await again()).status).toBe(200);
});

test('keys that no key opens are logged, and stop neither the sealing of others nor the rest of the round', async () => {
  const first = await start({ provision: world }, older);
  await first.provision({ tenant: 'acme' });
  await query(
    first.database.url,
    `UPDATE signing_keys SET private_jwk_sealed = 'lost.' || split_part(private_jwk_sealed, '.', 2)
     WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'acme')`,
  );
  await query(
    first.database.url,
    `INSERT INTO limits (tenant_id, key, attempts, next_at, expires_at)
     SELECT id, 'expired', 1, to_timestamp(0), to_timestamp(0) FROM tenants`,
  );
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const both = await start({ beside: first, log }, newer, older);
  lines.length = 0;
  await round(both);
  expect((await sealsOf(first)).sort()).toEqual(['lost', both.server.deps.box.currentKey].sort());
  expect(await query(first.database.url, `SELECT 1 FROM limits WHERE key = 'expired'`)).toEqual([]);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toContain('lost');
});

test('a tenant whose keys cannot go on stops no other one', async () => {
  const first = await start({ provision: world }, older);
  for (const tenant of ['acme', 'zeta']) await first.provision({ tenant });
  await query(
    first.database.url,
    `DO $$ BEGIN EXECUTE format('ALTER TABLE signing_keys ADD CHECK (tenant_id <> %L OR state <> ''next'')',
       (SELECT id FROM tenants WHERE slug = 'acme')); END $$`,
  );
  first.clock.advance(89 * 24 * 3600);
  await advanceKeys(first.server.deps);
  const prepared = await query(
    first.database.url,
    `SELECT t.slug, count(*)::int AS keys FROM signing_keys k JOIN tenants t ON t.id = k.tenant_id
     WHERE k.state = 'next' GROUP BY t.slug ORDER BY t.slug`,
  );
  expect(prepared).toEqual([
    { slug: 'default', keys: 2 },
    { slug: 'zeta', keys: 2 },
  ]);
});
