// The process with its own PostgreSQL: first start, kill -9, ending under load. Tests go through one life, in order.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { submitPassword } from '../support/flow.ts';
import { becomeAdministrator } from '../support/second-factors.ts';
import { postgresProcesses, runSignet, type SignetProcess, startProcess } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

const admin = { username: 'root', password: 'a pass phrase for an administrator' };

let directory: string;
let issuer: string;
let environment: Record<string, string>;
let signet: SignetProcess;
let browser: Agent;
let keyIds: string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  environment = {
    PORT: String(port),
    DATA_DIR: directory,
    DRAIN_SECONDS: '1',
    PASSWORD_HASH_MEMORY_KIB: '7168',
  };
});
afterAll(async () => {
  signet.kill('SIGKILL');
  await signet.ended;
  await rm(directory, { recursive: true, force: true, maxRetries: 20 });
});

async function publishedKeyIds(): Promise<string[]> {
  const { keys } = (await (await fetch(`${issuer}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

async function expectNoPostgres(): Promise<void> {
  await expect.poll(() => postgresProcesses(directory), { timeout: 10_000 }).toEqual([]);
}

test('the first start needs nothing, and shows where to sign in, the setup link and discovery', async () => {
  signet = await startProcess(environment);
  await signet.says('/setup?token=');
  const output = signet.output();
  expect(output).toContain(`${issuer}/sign-in`);
  // In the log and on the terminal, and to root only.
  const asRoot = output.split('Signet runs as root, and the embedded PostgreSQL as nobody').length - 1;
  expect(asRoot).toBe(process.getuid?.() === 0 ? 2 : 0);
  expect(output).toContain(`${issuer}/.well-known/openid-configuration`);
  expect((await fetch(`${issuer}/ready`)).status).toBe(200);
  keyIds = await publishedKeyIds();
  expect(keyIds).toHaveLength(2);

  browser = createAgent();
  await becomeAdministrator(browser, issuer, /\S+setup\?token=\S+/.exec(output)![0], admin);
});

test('killed and started again at once: the acknowledged user, session and keys are there', async () => {
  signet.kill('SIGKILL');
  await signet.ended;
  signet = await startProcess(environment);
  expect(signet.output()).not.toContain('/setup?token=');
  expect((await browser.get(`${issuer}/account`)).status).toBe(200);
  expect(await publishedKeyIds()).toEqual(keyIds);
  const again = createAgent();
  expect((await submitPassword(again, await again.get(`${issuer}/sign-in`), admin)).status).toBe(303);
});

test('SIGTERM under steady requests: not ready at once, no request fails, exit code 0', async () => {
  const statuses: number[] = [];
  const draining = { until: Infinity };
  const work = async () => {
    // As a load balancer would: for a while after the server says that it is not ready, then no more.
    while (performance.now() < draining.until) {
      const answer = await fetch(`${issuer}/oauth/jwks`);
      await answer.arrayBuffer();
      statuses.push(answer.status);
      await browser.get(`${issuer}/account`).then(({ status }) => statuses.push(status));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const working = Promise.all(Array.from({ length: 4 }, work));
  await expect.poll(() => statuses.length).toBeGreaterThan(20);
  signet.kill('SIGTERM');
  await expect.poll(async () => (await fetch(`${issuer}/ready`)).status, { interval: 20 }).toBe(503);
  draining.until = performance.now() + 300;
  const before = statuses.length;
  await working;
  expect(statuses.length).toBeGreaterThan(before);
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await signet.ended).toMatchObject({ code: 0, signal: null });
  await expectNoPostgres();
});

test('started on a port that is taken: says so with what to do, exit code 1, no PostgreSQL left behind', async () => {
  const taken = createServer();
  const { port, hostname } = new URL(issuer);
  await new Promise<void>((resolve) => taken.listen(Number(port), hostname, resolve));
  try {
    const { code, output } = await runSignet(['src/cli/signet.ts', 'serve'], environment).ended;
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`cannot start: port ${port} .* is taken.* PORT`));
  } finally {
    await new Promise((resolve) => taken.close(resolve));
  }
  await expectNoPostgres();
});

test('SIGINT: ends without draining, exit code 0, and everything is there the next time', async () => {
  signet = await startProcess({ ...environment, DRAIN_SECONDS: '60' });
  signet.kill('SIGINT');
  expect(await signet.ended).toMatchObject({ code: 0, signal: null });
  await expectNoPostgres();
  signet = await startProcess(environment);
  expect((await browser.get(`${issuer}/account`)).status).toBe(200);
  expect(await publishedKeyIds()).toEqual(keyIds);
});

test('killed for good: no PostgreSQL stays behind', async () => {
  expect(await postgresProcesses(directory)).not.toEqual([]);
  signet.kill('SIGKILL');
  await signet.ended;
  await expectNoPostgres();
});
