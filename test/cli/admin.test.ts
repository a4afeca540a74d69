// `signet admin ...`: the first administrator without a server, and a way back in beside a running one.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { type CommandLine, commandLine, resultOf } from '../support/command-line.ts';
import { submitPassword } from '../support/flow.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let directory: string;
let environment: Record<string, string>;
let issuer: string;
let signet: CommandLine;
let server: SignetProcess | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  const port = await freePort();
  issuer = `http://localhost:${port}`;
  environment = { PORT: String(port), DATA_DIR: directory, PASSWORD_HASH_MEMORY_KIB: '7168' };
  signet = commandLine(environment);
});
afterAll(async () => {
  server?.kill('SIGINT');
  await server?.ended;
  await rm(directory, { recursive: true, force: true, maxRetries: 20 });
});

type Person = { username: string; password: string };

/** The status of the answer to the password form: 303 lets them in. */
async function signIn(user: Person, agent: Agent = createAgent()): Promise<number> {
  return (await submitPassword(agent, await agent.get(`${issuer}/sign-in`), user)).status;
}

/** Wrong passwords until nobody is listened to any more under this name, or in this browser. */
async function lockOut(username: string, agent?: Agent): Promise<void> {
  let status = 0;
  for (let tries = 0; tries < 20 && status !== 429; tries += 1)
    status = await signIn({ username, password: 'this is not the password' }, agent);
  expect(status).toBe(429);
}

/** A browser that the account knows, without the session in which it came to know it. */
async function knownBrowser(user: Person): Promise<Agent> {
  const agent = createAgent();
  expect(await signIn(user, agent)).toBe(303);
  for (const name of agent.cookies.keys()) if (name.includes('session')) agent.cookies.delete(name);
  return agent;
}

const long = 'a bridge over the quiet river';

test('without a server or a database: made with both, and the server asks for no first administrator', async () => {
  const made = await signet(
    ['admin', 'create', '--username', 'root', '--email', 'root@example.com', '--password-stdin'],
    long,
  );
  expect([made.code, made.output]).toEqual([0, expect.stringMatching(/^Made the owner root, whose id is \S+\.$/m)]);
  expect(made.output).toContain(`Made a new database in DATA_DIR (${directory}).`);
  const file = join(directory, 'settings.yaml');
  await writeFile(file, 'settings: {administrator_mfa: as_everybody}');
  server = await startProcess({ ...environment, PROVISION: file });
  expect(server.output()).not.toContain('/setup');
  expect(await signIn({ username: 'root', password: long })).toBe(303);
});

test('one more beside the running server; one that is there: 4', async () => {
  const second = await resultOf<{ admin_roles: string[]; password: string }>(signet, [
    'admin',
    'create',
    '--username',
    'second',
    '--generate-password',
  ]);
  expect(second.admin_roles).toEqual(['owner']);
  // Led on: to the page where it is changed (test/cli/users.test.ts).
  expect(await signIn({ username: 'second', password: second.password })).toBe(303);
  expect((await signet(['admin', 'create', '--username', 'root', '--generate-password'])).code).toBe(4);
});

test('reset: who was locked out, by either name and in a known browser, gets in, and only with the new password', async () => {
  const root = { username: 'root', password: long };
  const browser = await knownBrowser(root);
  await lockOut('root', browser);
  await lockOut('root');
  await lockOut('root@example.com');
  const password = 'another bridge over the river';
  const reset = await signet(['admin', 'reset', 'root', '--password-stdin'], password);
  expect([reset.code, reset.stdout]).toEqual([
    0,
    expect.stringMatching(/^root was given another password, and may sign in: 2 sessions and 0 grants ended\.$/m),
  ]);
  for (const agent of [browser, createAgent()]) expect(await signIn({ username: 'root', password }, agent)).toBe(303);
  expect(await signIn({ username: 'root@example.com', password })).toBe(303);
  expect(await signIn(root)).toBe(403);
});

test('reset of somebody disabled who was no administrator: both is changed; of nobody: 3', async () => {
  expect((await signet(['user', 'create', '--username', 'eve', '--password-stdin'], long)).code).toBe(0);
  expect((await signet(['user', 'disable', 'eve'])).code).toBe(0);
  expect(await signIn({ username: 'eve', password: long })).toBe(403);
  const reset = await resultOf<object>(signet, ['admin', 'reset', 'eve', '--password-stdin'], long);
  const rescued = { disabled: false, role_added: true, sessions_ended: 0, grants_revoked: 0 };
  expect(reset).toEqual({ id: expect.any(String), username: 'eve', was_disabled: true, ...rescued });
  const again = await resultOf<object>(signet, ['admin', 'reset', 'eve', '--password-stdin'], long);
  expect(again).toMatchObject({ disabled: false, was_disabled: false, role_added: false });
  expect(await signIn({ username: 'eve', password: long })).toBe(303);
  expect((await signet(['admin', 'reset', 'nobody', '--generate-password'])).code).toBe(3);
});
