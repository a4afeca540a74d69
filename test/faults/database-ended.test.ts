// The embedded PostgreSQL ends under a running Signet: the server stays, says so, and has it back when it can start again.
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { submitPassword } from '../support/flow.ts';
import { becomeAdministrator } from '../support/second-factors.ts';
import { postgresProcesses, type SignetProcess, startProcess } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

const admin = { username: 'root', password: 'a pass phrase for an administrator' };

let directory: string;
let issuer: string;
let signet: SignetProcess;
let browser: Agent;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  signet = await startProcess({
    PORT: String(port),
    DATA_DIR: directory,
    DRAIN_SECONDS: '1',
    PASSWORD_HASH_MEMORY_KIB: '7168',
    LOG_LEVEL: 'info',
  });
  await signet.says('/setup?token=');
  browser = createAgent();
  await becomeAdministrator(browser, issuer, /\S+setup\?token=\S+/.exec(signet.output())![0], admin);
});
afterAll(async () => {
  signet.kill('SIGKILL');
  await signet.ended;
  await rm(directory, { recursive: true, force: true, maxRetries: 20 });
});

const statusOf = async (path: string) => (await fetch(`${issuer}${path}`)).status;

/** Without this folder PostgreSQL does not start, as it does not on a full disk. */
const wal = () => join(directory, 'postgres/data/pg_wal');
const takeAway = () => rename(wal(), join(directory, 'postgres/kept'));
const giveBack = () => rename(join(directory, 'postgres/kept'), wal());

async function killPostmaster(): Promise<void> {
  process.kill(Number.parseInt(await readFile(join(directory, 'postgres/data/postmaster.pid'), 'utf8')), 'SIGKILL');
}

/** The first line of the log with this in its message. */
function lineWith(message: string): unknown {
  const lines = signet.output().split('\n');
  return JSON.parse(lines.find((line) => line.startsWith('{') && line.includes(message))!);
}

test('while it cannot start: documents and keys are answered, everything else is 503, and the log says why', async () => {
  const keys = await (await fetch(`${issuer}/oauth/jwks`)).text();
  await takeAway();
  await killPostmaster();
  await signet.says(/the embedded PostgreSQL ended by itself/);
  await signet.says(/did not start: Signet stays/);
  for (let turn = 0; turn < 20; turn += 1) {
    expect(await statusOf('/live')).toBe(200);
    expect(await statusOf('/ready')).toBe(503);
    expect(await statusOf('/.well-known/openid-configuration')).toBe(200);
    expect(await (await fetch(`${issuer}/oauth/jwks`)).text()).toBe(keys);
  }
  const page = await browser.get(`${issuer}/account`);
  expect([page.status, page.headers.get('retry-after')]).toEqual([503, '1']);
  const token = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id: 'someone', refresh_token: 'x' }),
  });
  expect(token.status).toBe(503);
  // Lines are written together: what came before this one is there as well.
  await signet.says(/"route":"\/oauth\/token","status":503/);
  // How it ended, and nothing of how it once began.
  const [ended, unstarted] = ['ended by itself', 'did not start'].map((what) => lineWith(what));
  expect(ended).toMatchObject({ signal: 'SIGKILL', againInMs: 250 });
  expect(ended).not.toHaveProperty('postgres', expect.stringContaining('ready to accept connections'));
  expect(unstarted).toMatchObject({ status: 1, postgres: expect.stringContaining('pg_wal') });
  // Not with each probe.
  expect(signet.output().match(/"not ready"/g)).toHaveLength(1);
  // Whose line it is, where the logs of several processes lie together.
  expect(signet.output()).toMatch(new RegExp(`"pid":${signet.pid},"host":"[^"]+".*ended by itself`));
});

test('when it can start again it is started, and who was signed in still is', async () => {
  await giveBack();
  await signet.says('the embedded PostgreSQL runs again');
  await expect.poll(() => statusOf('/ready'), { timeout: 5000 }).toBe(200);
  await signet.says('"ready again"');
  await signet.says('"the database answers again"');
  expect((await browser.get(`${issuer}/account`)).status).toBe(200);
  const another = createAgent();
  expect((await submitPassword(another, await another.get(`${issuer}/sign-in`), admin)).status).toBe(303);
});

test('told to end while it is away: ends with 0 and leaves nothing running', async () => {
  await takeAway();
  await killPostmaster();
  await expect.poll(() => statusOf('/ready'), { timeout: 5000 }).toBe(503);
  signet.kill('SIGINT');
  expect(await signet.ended).toMatchObject({ code: 0, signal: null });
  await expect.poll(() => postgresProcesses(directory), { timeout: 10_000 }).toEqual([]);
});
