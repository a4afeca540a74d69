// A database that was put back from a copy by other means: the server notices the other place, at its start and while it
// runs, and refuses what was issued before.
import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { afterEach, describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config/read.ts';
import { acceptRestored } from '../../src/flows/restore/restored.ts';
import { type RunningServer, startServer } from '../../src/start/server.ts';
import { openFor } from '../support/backups.ts';
import { settingsOf } from '../support/command-line.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { world } from '../support/flow.ts';
import { startProcess } from '../support/signet-process.ts';
import { expectAll, expectSignIn, type Issued, issueEverything, publishedKeys } from '../support/issued.ts';
import { startSignet, type TestClock } from '../support/signet.ts';
import { freePort } from '../../src/testing/start.ts';

const databases: TestDatabase[] = [];
const servers: RunningServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(0);
  for (const database of databases.splice(0)) await database.drop();
});

type Copied = {
  issuer: string;
  config: Config;
  clock: TestClock;
  url: string;
  /** The database that was copied, with nobody on it. */
  original: TestDatabase;
  issued: Issued;
  elsewhere: Issued;
};

/** A Signet that has issued everything, in two tenants, is stopped, and its database is copied. */
async function copied(): Promise<Copied> {
  const signet = await startSignet({ provision: world });
  databases.push(signet.database);
  await signet.provision({ ...world, tenant: 'acme' });
  const { issuer } = signet;
  const [issued, elsewhere] = [await issueEverything({ issuer }), await issueEverything(acme({ issuer }))];
  await signet.server.stop(0);
  const copy = await createDatabase(new URL(signet.database.url).pathname.slice(1));
  databases.push(copy);
  signet.clock.advance(1);
  return {
    issuer,
    config: { ...signet.config, databaseUrl: copy.url },
    clock: signet.clock,
    url: copy.url,
    original: signet.database,
    issued,
    elsewhere,
  };
}

const acme = ({ issuer }: { issuer: string }) => ({ issuer: `${issuer}/t/acme` });

async function start({ config, clock }: Copied, change: Partial<Config> = {}): Promise<{ lines: string[] }> {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
  servers.push(await startServer({ ...config, ...change }, { clock: () => clock.now, log }));
  return { lines };
}

/** The two databases get each other's names, whoever uses them. */
async function swap(one: string, other: string): Promise<void> {
  const [first, second] = [one, other].map((url) => new URL(url).pathname.slice(1)) as [string, string];
  const admin = inject('adminUrl');
  const all = async (...statements: string[]) => {
    for (const statement of statements) await query(admin, statement);
  };
  const shut = [first, second].map((name) => `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  const end = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname IN ('${first}', '${second}')`;
  const rename = (from: string, to: string) => `ALTER DATABASE ${from} RENAME TO ${to}`;
  await all(...shut, end, rename(first, `${first}_`), rename(second, first), rename(`${first}_`, second));
  await all(...[first, second].map((name) => `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`));
}

const restoredEvents = (url: string) =>
  query<{ slug: string; data: object }>(
    url,
    `SELECT t.slug, e.data FROM audit_events e JOIN tenants t ON t.id = e.tenant_id WHERE e.type = 'deployment.restored' ORDER BY t.slug`,
  );

test('a server starts on a copy: whatever was issued before is refused in every tenant, what is issued now works', async () => {
  const copy = await copied();
  const { lines } = await start(copy);
  await expectAll(copy, copy.issued, false);
  await expectAll(acme(copy), copy.elsewhere, false);
  await expectSignIn(copy);
  await expectSignIn(acme(copy));
  expect(await restoredEvents(copy.url)).toEqual(
    ['acme', 'default'].map((slug) => ({ slug, data: { by: 'server', kept_issued: false, sessions: 1, grants: 3 } })),
  );
  expect(lines.filter((line) => line.includes('restored from a copy'))).toHaveLength(1);
  expect(lines.filter((line) => line.includes('was revoked'))).toHaveLength(1);
  const left = await query(
    copy.url,
    `SELECT (SELECT count(*)::int FROM sign_in_attempts WHERE created_at < (SELECT since FROM deployment)) AS attempts,
       (SELECT count(*)::int FROM signing_keys WHERE state = 'gone' AND private_jwk_sealed IS NULL) AS gone`,
  );
  expect(left).toEqual([{ attempts: 0, gone: 4 }]);
});

test('two servers start on a copy at once: one of them revokes, and both sign with the same new keys', async () => {
  const copy = await copied();
  const port = await freePort();
  await Promise.all([start(copy), start(copy, { port })]);
  const there = { issuer: `http://localhost:${port}` };
  expect(await publishedKeys(there)).toEqual(await publishedKeys(copy));
  expect((await publishedKeys(copy)).size).toBe(2);
  expect(await restoredEvents(copy.url)).toHaveLength(2);
  await expectAll(copy, copy.issued, false);
  await expectSignIn(copy);
});

test('a second start on the copy: it is at home there, and everything stays', async () => {
  const copy = await copied();
  await start(copy);
  const issued = await issueEverything(copy);
  await servers.pop()!.stop(0);
  const { lines } = await start(copy);
  await expectAll(copy, issued, true);
  expect(await restoredEvents(copy.url)).toHaveLength(2);
  expect(lines.join()).not.toContain('restored');
});

test('another cluster with the same database: noticed; a cluster that may not be read: the database decides', async () => {
  const copy = await copied();
  await start(copy);
  await servers.pop()!.stop(0);
  await query(copy.url, `UPDATE deployment SET cluster = NULL`);
  await start(copy);
  await servers.pop()!.stop(0);
  expect(await restoredEvents(copy.url)).toHaveLength(2);
  await query(copy.url, `UPDATE deployment SET cluster = '1'`);
  await start(copy);
  expect(await restoredEvents(copy.url)).toHaveLength(4);
});

test('it is said beforehand that the database only moved: nothing is revoked', async () => {
  const copy = await copied();
  {
    await using opened = await openFor(copy.config, 'as it is', () => copy.clock.now);
    await acceptRestored({ ...opened.deps, db: opened.patient }, { by: 'command', keepIssued: true });
  }
  await start(copy);
  await expectAll(copy, copy.issued, true);
  expect((await restoredEvents(copy.url))[0]!.data).toEqual({ by: 'command', kept_issued: true });
});

test('a start with another SECRET_KEY on the copy: refused before anything is revoked', async () => {
  const copy = await copied();
  await expect(start(copy, { secretKeys: [randomBytes(32)] })).rejects.toThrow(/SECRET_KEY/);
  expect(await restoredEvents(copy.url)).toEqual([]);
  const [{ living }] = (await query<{ living: number }>(
    copy.url,
    'SELECT count(*)::int AS living FROM grants WHERE revoked_at IS NULL',
  )) as [{ living: number }];
  expect(living).toBe(6);
});

describe('under a running server', { timeout: 120_000 }, () => {
  test('a copy is swapped in: the process ends with 1 and says why; started again, it refuses what was issued before', async () => {
    const copy = await copied();
    const env = { ...settingsOf({ ...copy, database: copy.original }), PORT: String(copy.config.port) };
    const signet = await startProcess(env);
    onTestFinished(() => signet.kill('SIGKILL'));
    await expectAll(copy, copy.issued, true);
    await swap(copy.original.url, copy.url);
    const { code, output, stdout } = await signet.ended;
    const words = 'The database was swapped for another one while Signet was running on it';
    expect([code, output]).toEqual([1, expect.stringMatching(new RegExp(`^${words}.* Start it again\\.$`, 'm'))]);
    expect(stdout).toContain(`"msg":"${words}`);
    const again = await startProcess(env);
    onTestFinished(() => again.kill('SIGKILL'));
    await expectAll(copy, copy.issued, false);
    again.kill('SIGINT');
    await again.ended;
  });

  test('another process has accepted the copy already: who found another database at its start notices all the same', async () => {
    const copy = await copied();
    await start(copy);
    await servers.pop()!.stop(0);
    await start({ ...copy, config: { ...copy.config, databaseUrl: copy.original.url } });
    const [server] = servers;
    await swap(copy.original.url, copy.url);
    expect(await server!.lost).toContain('swapped for another one');
  });

  test('tables from elsewhere are put into the same database: noticed', async () => {
    const copy = await copied();
    await start(copy);
    await query(copy.url, `UPDATE deployment SET cluster = '1'`);
    expect(await servers[0]!.lost).toContain('swapped for another one');
  });
});
