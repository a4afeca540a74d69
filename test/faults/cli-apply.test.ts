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
import { freePort } from '../../src/testing/start.ts';

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
const nothingNew = (count: number) => `Applied to tenant default: 0 created, 0 updated, ${count} unchanged.\n`;

test('alone: applied, and no PostgreSQL is left behind', async () => {
  const { code, output } = await apply({ users: [users[0]] });
  expect([code, output]).toEqual([0, expect.stringMatching(/^created {4}user alice$/m)]);
  expect(output).toContain(`Made a new database in DATA_DIR (${directory}).`);
  expect(output).toMatch(/^Applied to tenant default: 1 created, 0 updated, 0 unchanged\.$/m);
  await expect.poll(() => postgresProcesses(directory), { timeout: 10_000 }).toEqual([]);
});

test('alone again: unchanged', async () => {
  expect(await apply({ users: [users[0]] })).toMatchObject({ code: 0, output: nothingNew(1) });
});

test('beside a running server: works there at once, which goes on', async () => {
  signet = await startProcess(environment);
  const { code, output } = await apply({ users, clients });
  expect(code, output).toBe(0);
  expect(output).toMatch(/^created {4}user bob$/m);
  expect(output).toMatch(/^created {4}client web$/m);
  expect(output).toMatch(/^Applied to tenant default: 4 created, 0 updated, 1 unchanged\.$/m);
  const { tokens } = await codeFlow({ issuer }, webClient, { user: alice });
  expect(tokens.refresh_token).toMatch(/^sgr_/);
  expect(await apply({ users, clients })).toMatchObject({ code: 0, output: nothingNew(5) });
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

test('mistakes that only the database knows: all of them, with the others, and nothing is applied either', async () => {
  const taken = {
    tenant: { slug: 'other', host: 'other.localhost' },
    users: [
      { username: 'zoe', email: 'zoe@example.com' },
      { username: 'yan', email: users[1]!.email },
      { username: 'xia', email: users[0]!.email.toUpperCase() },
      { username: 'w w', password: 'long enough for all' },
      { username: 'val', passwort: 'long enough' },
    ],
    clients: [
      { client_id: 'one', redirect_uris: ['https://one.example/cb'] },
      { client_id: 'two', redirect_uris: ['https://two.example/cb'] },
    ],
  };
  const { code, output } = await apply({ ...taken, tenant: 'default' });
  const found = [...output.matchAll(/file\.json:(\d+):\d+ (\S+) (.*)/g)];
  expect(code, output).toBe(1);
  expect(found.map(([, , what]) => what)).toEqual([
    'users[1].email',
    'users[2].email',
    'users[3].username',
    'users[4].passwort',
    'clients[0]',
    'clients[1]',
  ]);
  expect(found[0]![3]).toContain('is the e-mail address of the user bob');
  expect(found[4]![3]).toContain('needs client_secret');
  const lines = found.map(([, line]) => Number(line));
  expect(lines).toEqual(lines.toSorted((one, other) => one - other));

  const { output: made } = await apply({ users: [taken.users[0], { username: 'yan' }] });
  expect(made).toMatch(/^created {4}user zoe$/m);
  // Zoe has an address, and may ask for a link to her first password.
  expect(made.match(/^Warning: .*/gm)).toEqual([
    expect.stringMatching(/: user yan has no password and cannot sign in/),
  ]);

  expect(await apply({ tenant: taken.tenant })).toMatchObject({ code: 0 });
  for (const [tenant, problem] of [
    [{ slug: 'other', host: 'moved.localhost' }, 'tenant.host cannot change'],
    [{ slug: 'third', host: 'other.localhost' }, 'tenant.host is the host of the tenant other'],
  ] as const) {
    const moved = await apply({ tenant, clients: taken.clients });
    expect(moved.output).toContain(problem);
    expect(moved.output.match(/needs client_secret/g)).toHaveLength(2);
  }
});

test('an address that another user gives up further up in the file is free', async () => {
  const both = (mail: string, other: string) => ({
    users: [
      { username: 'tom', email: mail, disabled: true },
      { username: 'una', email: other, disabled: true },
    ],
  });
  expect(await apply(both('tom@example.com', 'una@example.com'))).toMatchObject({ code: 0 });
  expect(await apply(both('t@example.com', 'tom@example.com'))).toMatchObject({ code: 0 });
  expect((await apply(both('una@example.com', 'tom@example.com'))).code).toBe(0);
  const swapped = await apply(both('tom@example.com', 'una@example.com'));
  expect([swapped.code, swapped.output]).toEqual([1, expect.stringContaining('of the user una')]);
});

test('passwords that are guessed first, or made of names of the person or the tenant: refused, with their place', async () => {
  for (const password of ['iloveyouiloveyou', 'ottoottoottootto', 'Harborworks2026']) {
    const tenant = { slug: 'guessed', name: 'Harbor Works' };
    const { code, output } = await apply({ tenant, users: [{ username: 'otto', password }] });
    expect([code, output]).toEqual([
      1,
      expect.stringMatching(/file\.json:9:\d+ users\[0\]\.password is too easy to guess/),
    ]);
  }
});

test('a password made of the name of a client that comes with it is refused', async () => {
  const tenant = { slug: 'with-clients', name: 'Clients' };
  const clients = [
    { client_id: 'zebrafish-monitor', redirect_uris: ['https://z.example/cb'], client_secret: 's'.repeat(40) },
  ];
  const { code, output } = await apply({
    tenant,
    clients,
    users: [{ username: 'otto', password: 'zebrafishmonitor' }],
  });
  expect([code, output]).toEqual([1, expect.stringContaining('password is too easy to guess')]);
});

test('for scripts: what was created and updated by type and name', async () => {
  const path = join(files, 'json.json');
  const tenant = { slug: 'scripted', name: 'Scripted' };
  const signetJson = async (file: object) => {
    await writeFile(path, JSON.stringify(file));
    const { code, output, stdout } = await runSignet(['src/cli/signet.ts', 'apply', path, '--json'], environment).ended;
    expect(code, output).toBe(0);
    return JSON.parse(stdout) as unknown;
  };
  expect(await signetJson({ tenant, users: [{ ...bob }] })).toEqual({
    tenant: 'scripted',
    created: [
      { type: 'tenant', name: 'scripted' },
      { type: 'user', name: 'bob' },
    ],
    updated: [],
    unchanged: 0,
    warnings: [],
  });
  expect(await signetJson({ tenant, users: [{ ...bob, name: 'Bob' }] })).toMatchObject({
    created: [],
    updated: [{ type: 'user', name: 'bob' }],
  });
  expect(await signetJson({ tenant, settings: { mfa: 'required' } })).toMatchObject({
    warnings: [],
  });
});

test('a tenant at a public host while PUBLIC_URL is http: refused, by command and by file, and on loopback made', async () => {
  const problem = (place: string) =>
    `${place} would make the issuer http://id.example.com:8080, and http is safe on loopback hosts only: a public host needs a server whose PUBLIC_URL is https\n`;
  const create = (...args: string[]) =>
    runSignet(['src/cli/signet.ts', 'tenant', 'create', 'public', ...args], environment).ended;
  const refused = await create('--host', 'id.example.com:8080');
  expect([refused.code, refused.output]).toEqual([1, problem('host')]);
  const file = await apply({ tenant: { slug: 'public', host: 'id.example.com:8080' } });
  expect([file.code, file.output]).toEqual([1, expect.stringContaining(problem('tenant.host'))]);
  const made = await create('--host', 'public.localhost:8080');
  expect(made).toMatchObject({
    code: 0,
    output: 'Made the tenant public. Its issuer is http://public.localhost:8080\n',
  });
});

test('a file that is not there: says so', async () => {
  const { code, output } = await runSignet(['src/cli/signet.ts', 'apply', join(files, 'none.yaml')], environment).ended;
  expect([code, output]).toEqual([3, `Nothing was applied.\n  There is no file ${join(files, 'none.yaml')}.\n`]);
});

test('of very many mistakes ten are shown, and how many more there are; JSON has all', async () => {
  const path = join(files, 'many.json');
  await writeFile(path, JSON.stringify({ users: Array.from({ length: 30 }, (_, i) => ({ username: `a b ${i}` })) }));
  const run = (...args: string[]) => runSignet(['src/cli/signet.ts', 'apply', path, ...args], environment).ended;
  const lines = (await run()).output.trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  expect(lines.at(-1)).toBe('  and 20 more');
  expect((JSON.parse((await run('--json')).output) as { problems: string[] }).problems).toHaveLength(30);
});

test('- is standard input, which problems name', async () => {
  const run = (input: string) =>
    runSignet(['src/cli/signet.ts', 'apply', '-'], environment, process.execPath, input).ended;
  expect(await run('users:\n  - username: piped\n    disabled: true\n')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('created    user piped'),
  });
  const { code, output } = await run('users:\n  - usernam: piped\n');
  expect([code, output]).toEqual([1, expect.stringContaining('standard input:2:5 users[0]')]);
});

test('a password is for the first time only: what was changed since stays, unless the file says password_reset', async () => {
  const first = { username: 'paula', password: 'the first password of paula' };
  const another = { username: 'paula', password: 'another password of paula' };
  expect((await apply({ users: [first] })).code).toBe(0);
  const kept =
    'Warning: user paula has another password by now, and keeps it; "password_reset: true" sets that of the file';
  const again = await apply({ users: [another] });
  expect([again.code, again.output.split('\n')[0]]).toEqual([0, kept]);
  expect(await apply({ users: [first] })).toMatchObject({ code: 0, output: nothingNew(1) });
  const enters = async (user: typeof first) => {
    const browser = createAgent();
    return (await submitPassword(browser, await browser.get(`${issuer}/sign-in`), user)).status === 303;
  };
  expect([await enters(first), await enters(another)]).toEqual([true, false]);
  const reset = { users: [{ ...another, password_reset: true }] };
  expect((await apply(reset)).output).toMatch(/^updated {4}user paula$/m);
  expect([await enters(first), await enters(another)]).toEqual([false, true]);
  expect(await apply(reset)).toMatchObject({ code: 0, output: nothingNew(1) });
});

test('who is there without a password gets that of the file', async () => {
  expect((await apply({ users: [{ username: 'quinn' }] })).code).toBe(0);
  const given = { username: 'quinn', password: 'a late password of quinn' };
  expect((await apply({ users: [given] })).output).toMatch(/^updated {4}user quinn$/m);
});
