// `signet service ...`: accounts of programs and their keys, as a running server sees them.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type CommandLine, commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { alice, getUserinfo, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

type Made = { id: string; username: string; key_name: string; key: string; expires_at: string | null };
type Listed = { username: string; keys: number; last_used_at: string | null; disabled: boolean };
type Key = { name: string; last_used_at: string | null; expires_at: string | null; expired: boolean };

let running: TestSignet;
let signet: CommandLine;
beforeAll(async () => {
  running = await startSignet({ provision: world });
  await running.provision({ tenant: 'acme' });
  signet = commandLine(settingsOf(running));
});
afterAll(() => running.stop());

const login = (username: string, password: string) => logIn(running, { username, password });

/** The types of the events about a user, in the order of their names. */
async function eventsOf(id: string): Promise<string[]> {
  const text = 'SELECT type FROM audit_events WHERE user_id = $1 ORDER BY type';
  return (await query<{ type: string }>(running.database.url, text, [id])).map(({ type }) => type);
}

describe('create', () => {
  test('an account with its first key, which is shown once, works, and lives for a year', async () => {
    const options = ['--name', 'Nightly', '--role', 'reader', '--group', 'jobs'];
    const made = await resultOf<Made>(signet, ['service', 'create', 'nightly', ...options]);
    expect(made).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      username: 'nightly',
      name: 'Nightly',
      roles: ['reader'],
      groups: ['jobs'],
      disabled: false,
      key_name: 'first',
      key: expect.stringMatching(/^sgk_[\w-]{43}$/),
      expires_at: expect.stringMatching(/Z$/),
    });
    const days = (Date.parse(made.expires_at!) - Date.now()) / (24 * 3600_000);
    expect(Math.round(days)).toBe(365);
    expect((await login('nightly', made.key)).status).toBe(200);
    expect(await eventsOf(made.id)).toEqual(expect.arrayContaining(['service_key.added', 'user.created']));
    const said = await signet(['service', 'create', 'weekly', '--expires-in', 'never']);
    expect(said.stdout).toMatch(
      /^Made the service account weekly, whose id is \S+\.\nIts key "first" never expires\. The key, shown only now: sgk_[\w-]{43}\n$/,
    );
  });

  test('without a key; of another tenant', async () => {
    const made = await resultOf<Made>(signet, ['service', 'create', 'keyless', '--no-key']);
    expect(made).not.toHaveProperty('key');
    await resultOf(signet, ['service', 'create', 'nightly', '--tenant', 'acme', '--no-key']);
    expect(await resultOf<Listed[]>(signet, ['service', 'list', '--tenant', 'acme'])).toMatchObject([
      { username: 'nightly', keys: 0 },
    ]);
  });

  test.each([
    ['a name that is taken', ['alice'], 4, 'There is a user or service account alice already; nothing was changed.\n'],
    ['an e-mail address', ['a@b.example'], 2, expect.stringContaining('must not have an @: only people have e-mail')],
    ['a name that cannot be one', ['a b', '--json'], 2, undefined],
    [
      'an administrator',
      ['boss', '--admin-role', 'owner'],
      2,
      expect.stringContaining('Unknown option "--admin-role".'),
    ],
    ['no name', [], 2, expect.stringContaining('Missing required argument "username".')],
    ['a time that is none', ['x', '--expires-in', 'soon'], 2, expect.stringContaining('as 90d or 12h, or never')],
    ['a time too long', ['x', '--expires-in', '3651d'], 2, expect.stringContaining('up to ten years')],
  ])('%s: refused, and nothing is made', async (_what, args, exit, words) => {
    const { code, output } = await signet(['service', 'create', ...args]);
    expect(code).toBe(exit);
    if (words !== undefined) expect(output).toEqual(words);
  });
});

test('lists: services among themselves, people among themselves, and when a key was last used', async () => {
  const { key } = await resultOf<Made>(signet, ['service', 'create', 'listed']);
  const find = async () =>
    (await resultOf<Listed[]>(signet, ['service', 'list'])).find(({ username }) => username === 'listed');
  expect(await find()).toMatchObject({ keys: 1, last_used_at: null, disabled: false });
  await login('listed', key);
  const used = new Date(running.clock.now).toISOString().replace('.000Z', 'Z');
  expect(await find()).toMatchObject({ last_used_at: used });
  const keys = await resultOf<Key[]>(signet, ['service', 'key', 'list', 'listed']);
  expect(keys).toMatchObject([{ name: 'first', last_used_at: used, expired: false }]);
  expect(JSON.stringify(keys)).not.toMatch(/sgk_|hash/);
  const people = await resultOf<{ username: string }[]>(signet, ['user', 'list']);
  expect(people.map(({ username }) => username)).toEqual(['alice', 'bob']);
  const { stdout } = await signet(['service', 'key', 'list', 'listed']);
  expect(stdout.split('\n')[0]).toMatch(/^Name +Created +Last used +Expires +State$/);
  const page = await signet(['service', 'list', '--limit', '1']);
  expect(page.output).toMatch(/There are more: --after \S+\n/);
});

describe('keys', () => {
  test('one more: standard output holds it alone; a second of the name: 4', async () => {
    const { id } = await resultOf<Made>(signet, ['service', 'create', 'keyed', '--no-key']);
    const add = ['service', 'key', 'add', 'keyed', '--name', 'ci', '--expires-in', '12h'];
    const { code, stdout, output } = await signet(add);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^sgk_[\w-]{43}\n$/)]);
    expect(output).toMatch(/The key ci of keyed, shown only now\. It expires at \S+Z\.\n/);
    expect((await login('keyed', stdout.trim())).status).toBe(200);
    expect(await signet(add)).toMatchObject({
      code: 4,
      output: 'There is a key ci of keyed already; nothing was changed.\n',
    });
    expect(await eventsOf(id)).toContain('service_key.added');
  });

  test('revoked: its access tokens stop, and it opens nothing; again: 3', async () => {
    const { id, key } = await resultOf<Made>(signet, ['service', 'create', 'leaky']);
    const { token } = (await login('leaky', key)).body;
    // A good token without the scope of UserInfo.
    expect((await getUserinfo(running, token)).status).toBe(403);
    const revoke = ['service', 'key', 'revoke', 'leaky', 'first'];
    expect(await signet(revoke)).toMatchObject({
      code: 0,
      stdout: 'Revoked the key first of leaky: 1 session and 1 grant ended.\n',
    });
    expect((await getUserinfo(running, token)).status).toBe(401);
    expect((await login('leaky', key)).status).toBe(401);
    expect(await signet(revoke)).toMatchObject({ code: 3, output: 'leaky has no key first.\n' });
    expect(await eventsOf(id)).toContain('service_key.revoked');
    expect(await signet(['service', 'key', 'list', 'leaky'])).toMatchObject({
      code: 0,
      output: 'leaky has no keys.\n',
    });
  });

  test.each([
    ['no name', ['add', 'nightly'], 2, /^--name is missing\.\nSee "signet service key add --help"\.\n$/],
    ['a name that cannot be one', ['add', 'nightly', '--name', ' '], 2, /^name must have 1 to 100 characters/],
    ['a person', ['add', 'alice', '--name', 'x'], 3, /^There is no service account alice\.\n$/],
    ['nobody', ['list', 'nobody'], 3, /^There is no service account nobody\.\n$/],
    [
      'a misspelt command',
      ['ad'],
      2,
      /^Unknown command "ad"\. Did you mean add\?\nSee "signet service key --help"\.\n$/,
    ],
    ['an option that is not known', ['list', 'nightly', '--nam'], 2, /^Unknown option "--nam"/],
  ])('%s', async (_what, args, exit, words) => {
    const { code, output } = await signet(['service', 'key', ...args]);
    expect([code, output]).toEqual([exit, expect.stringMatching(words)]);
  });
});

describe('disable and enable', () => {
  test.each(['service', 'user'])(
    'signet %s disable ends what its keys opened; enabled, the keys open again',
    async (group) => {
      const username = `off-by-${group}`;
      const { id, key } = await resultOf<Made>(signet, ['service', 'create', username]);
      const { token } = (await login(username, key)).body;
      expect(await resultOf(signet, [group, 'disable', username])).toEqual({
        id,
        username,
        disabled: true,
        changed: true,
        sessions_ended: 1,
        grants_revoked: 1,
      });
      expect((await getUserinfo(running, token)).status).toBe(401);
      expect((await login(username, key)).status).toBe(401);
      expect((await signet(['service', 'disable', username])).stdout).toBe(`${username} was disabled already.\n`);
      expect((await signet(['service', 'enable', username])).stdout).toBe(`Enabled ${username}.\n`);
      expect((await login(username, key)).status).toBe(200);
      expect((await getUserinfo(running, token)).status).toBe(401);
    },
  );

  test('a person is no service account: 3, and goes on', async () => {
    expect((await signet(['service', 'disable', 'alice'])).code).toBe(3);
    expect((await logIn(running, alice)).status).toBe(200);
  });
});

test('no password is asked for, and none is set', async () => {
  await resultOf(signet, ['service', 'create', 'plain', '--no-key']);
  for (const command of [
    ['user', 'set-password'],
    ['admin', 'reset'],
  ]) {
    const { code, output } = await signet([...command, 'plain', '--generate-password']);
    expect([code, output]).toEqual([1, 'plain is a service account: it signs in with keys, never with a password.\n']);
  }
});
