// `signet apply FILE`: alone and beside a running server, all of it or nothing, and nothing the second time.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { alice, bob, codeFlow, submitPassword, webClient, world } from '../support/flow.ts';
import {
  type Ended,
  postgresProcesses,
  runSignet,
  type SignetProcess,
  startProcess,
} from '../support/signet-process.ts';
import { freePort } from '../support/signet.ts';

let directory: string;
let files: string;
let issuer: string;
let environment: Record<string, string>;
let signet: SignetProcess | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  files = await mkdtemp(join(tmpdir(), 'signet-test-'));
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  environment = { PORT: String(port), DATA_DIR: directory, PASSWORD_HASH_MEMORY_KIB: '7168' };
});
afterAll(async () => {
  signet?.kill('SIGINT');
  await signet?.ended;
  for (const made of [directory, files]) await rm(made, { recursive: true, force: true, maxRetries: 20 });
});

async function apply(file: object): Promise<Ended> {
  const path = join(files, 'file.json');
  await writeFile(path, JSON.stringify(file, null, 2));
  return runSignet(['src/cli/signet.ts', 'apply', path], environment).ended;
}

const { users, clients } = world;

test('alone: applied, and no PostgreSQL is left behind', async () => {
  const { code, output } = await apply({ users: [users[0]] });
  expect([code, output]).toEqual([0, expect.stringMatching(/^created {4}user alice$/m)]);
  await expect.poll(() => postgresProcesses(directory), { timeout: 10_000 }).toEqual([]);
});

test('alone again: unchanged', async () => {
  expect(await apply({ users: [users[0]] })).toMatchObject({ code: 0, output: 'unchanged  1\n' });
});

test('beside a running server: works there at once, which goes on', async () => {
  signet = await startProcess(environment);
  const { code, output } = await apply({ users, clients });
  expect(code, output).toBe(0);
  expect(output).toMatch(/^created {4}user bob$/m);
  expect(output).toMatch(/^created {4}client web$/m);
  expect(output).toMatch(/^unchanged {2}1$/m);
  const { tokens } = await codeFlow({ issuer }, webClient, { user: alice });
  expect(tokens.refresh_token).toMatch(/^sgr_/);
  expect(await apply({ users, clients })).toMatchObject({ code: 0, output: 'unchanged  5\n' });
  expect((await fetch(`${issuer}/ready`)).status).toBe(200);
});

test('a mistake in the last entry: nothing is applied, and its place is said', async () => {
  const changed = { users: [{ ...bob, password: 'something else altogether' }], clients: [{ client_id: 'new' }] };
  const { code, output } = await apply(changed);
  expect(code).toBe(1);
  expect(output).toContain('Nothing was applied.');
  expect(output).toMatch(/file\.json:\d+:\d+ clients\[0\]/);
  const browser = createAgent();
  expect((await submitPassword(browser, await browser.get(`${issuer}/sign-in`), bob)).status).toBe(303);
});

test('a mistake that only the database knows: nothing is applied either', async () => {
  const taken = {
    users: [
      { username: 'zoe', email: 'zoe@example.com' },
      { username: 'yan', email: users[1]!.email },
    ],
  };
  const { code, output } = await apply(taken);
  expect([code, output]).toEqual([1, expect.stringMatching(/file\.json:\d+:\d+ users\[1\].*e-mail address/)]);
  expect((await apply({ users: [taken.users[0]] })).output).toMatch(/^created {4}user zoe$/m);
});

test('a file that is not there: says so', async () => {
  const { code, output } = await runSignet(['src/cli/signet.ts', 'apply', join(files, 'none.yaml')], environment).ended;
  expect([code, output]).toEqual([1, expect.stringContaining('none.yaml')]);
});
