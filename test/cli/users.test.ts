// `signet user ...`: what it says to people and scripts, and what it does at a running server.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { disableUser } from '../../src/flows/users/disable.ts';
import { listUsers } from '../../src/flows/users/find.ts';
import { type Agent, createAgent } from '../support/agent.ts';
import { type CommandLine, commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import { expectDead } from '../support/families.ts';
import { logIn, refreshAt } from '../support/first-party.ts';
import { alice, bob, codeFlow, getUserinfo, ownClient, submitPassword, webClient, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { untilBlocked } from '../support/lock-waits.ts';
import { enrol, verifyAt } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

// Each command is a process of its own, which takes as long as the machine lets it.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

type Shown = { id: string; username: string; roles: string[]; disabled: boolean; password?: string };

let running: TestSignet;
let signet: CommandLine;
beforeAll(async () => {
  running = await startSignet({ provision: world });
  await running.provision({ tenant: 'acme', users: [{ ...alice, name: 'Alice of Acme' }], clients: [webClient] });
  signet = commandLine(settingsOf(running));
});
afterAll(() => running.stop());

const long = 'a bridge over the quiet river';

/** The status of the answer to the password form: 303 lets them in. */
async function signIn(user: { username: string; password: string }, issuer = running.issuer): Promise<number> {
  const agent = createAgent();
  return (await submitPassword(agent, await agent.get(`${issuer}/sign-in`), user)).status;
}

/** True while the browser is signed in. */
async function isSignedIn(agent: Agent): Promise<boolean> {
  return (await agent.get(`${running.issuer}/account`)).status === 200;
}

/** Where the right password leads: to the account, or to a page on the way. */
async function nextOf(user: { username: string; password: string }): Promise<string> {
  const agent = createAgent();
  const answer = await submitPassword(agent, await agent.get(`${running.issuer}/sign-in`), user);
  return new URL(answer.location!).pathname;
}

/** The events about a user, oldest first. */
async function eventsOf(id: string): Promise<{ type: string; data: unknown }[]> {
  const text = 'SELECT type, data FROM audit_events WHERE user_id = $1 ORDER BY at, id';
  return query(running.database.url, text, [id]);
}

describe('create', () => {
  test('with a password from standard input: they sign in with it, and it is shown nowhere', async () => {
    const person = ['--username', 'ada', '--email', 'Ada@example.com', '--email-verified', '--name', 'Ada Lovelace'];
    const rights = ['--role', 'editor', '--role', 'admin', '--admin-role', 'auditor', '--group', 'founders'];
    const { code, output, stdout } = await signet(
      ['user', 'create', ...person, ...rights, '--password-stdin', '--json'],
      `${long}\n`,
    );
    expect(code, output).toBe(0);
    expect(output).not.toContain(long);
    const user = JSON.parse(stdout) as Shown;
    expect(user).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      username: 'ada',
      email: 'Ada@example.com',
      email_verified: true,
      name: 'Ada Lovelace',
      roles: ['editor', 'admin'],
      admin_roles: ['auditor'],
      groups: ['founders'],
      disabled: false,
    });
    expect(await signIn({ username: 'ada@example.com', password: long })).toBe(303);
    expect(await eventsOf(user.id)).toContainEqual({ type: 'user.created', data: { admin_roles: ['auditor'] } });
  });

  test('with a made password: it is shown once, and lets them in', async () => {
    const { code, stdout } = await signet(['user', 'create', '--username', 'eve', '--generate-password']);
    expect(code).toBe(0);
    const said = /^Made the user eve, whose id is \S+\.\nThe password, shown only now: (\S+)\n(.*)\n$/.exec(stdout)!;
    const [, password, mustChange] = said;
    // Thirty letters of five bits each.
    expect(password).toMatch(/^(?:[a-z2-9]{5}-){5}[a-z2-9]{5}$/);
    expect(mustChange).toBe('It must be changed at the first sign-in, and ends in 7 days.');
    expect(await nextOf({ username: 'eve', password: password! })).toBe('/sign-in/new-password');
  });

  test('a name or an address that is taken: 4, and the user is as before', async () => {
    const taken = await signet(['user', 'create', '--username', 'ALICE', '--password-stdin'], long);
    expect([taken.code, taken.output]).toEqual([4, 'There is a user ALICE already; nothing was changed.\n']);
    const address = ['--username', 'zed', '--email', 'BOB@example.com', '--password-stdin', '--json'];
    const { code, stdout, output } = await signet(['user', 'create', ...address], long);
    expect([code, stdout, JSON.parse(output)]).toEqual([
      4,
      '',
      {
        error: 'exists',
        problems: ['There is a user with the e-mail address BOB@example.com already; nothing was changed.'],
      },
    ]);
    expect(await signIn(alice)).toBe(303);
  });

  test('a name that cannot be one: 2, because it stands on the command line', async () => {
    const wrong = await signet(['user', 'create', '--username', 'a b', '--password-stdin'], long);
    expect([wrong.code, wrong.output]).toEqual([
      2,
      'username must have 1 to 200 characters and no spaces\nSee "signet user create --help".\n',
    ]);
  });

  test('a password that is guessed first, or made of the own name: 1', async () => {
    for (const [password, ...args] of [
      ['qwertyuiopasdfghjkl\n', 'create', '--username', 'tim'],
      ['bobbobbobbobbob\n', 'set-password', 'bob'],
    ] as const) {
      const weak = await signet(['user', ...args, '--password-stdin'], password);
      expect([weak.code, weak.output]).toEqual([1, expect.stringContaining('password is too easy to guess')]);
    }
  });

  test('a password that is too short: 1', async () => {
    const short = await signet(['user', 'create', '--username', 'tim', '--password-stdin'], 'short\n');
    expect([short.code, short.output]).toEqual([1, 'password must have at least 15 characters\n']);
  });

  test.each([
    ['no password and no terminal', ['--username', 'tim'], 'add --password-stdin'],
    ['two sources of it', ['--username', 'tim', '--password-stdin', '--generate-password'], 'cannot be used with'],
  ])('%s: 2', async (_what, args, problem) => {
    const { code, output } = await signet(['user', 'create', ...args]);
    expect([code, output]).toEqual([2, expect.stringContaining(problem)]);
  });
});

describe('list', () => {
  beforeAll(() =>
    running.provision({
      users: [
        { username: 'x_y', name: '100% \u001b[31mred\u009b' },
        { username: 'xay', name: 'Plain\nText', email: 'plain@example.com', disabled: true },
        { username: 'xby', name: 'Élodie Blanc' },
      ],
    }),
  );

  test('a page at a time, in the order of the names', async () => {
    const first = await signet(['user', 'list', '--limit', '4', '--json']);
    const rest = await resultOf<Shown[]>(signet, ['user', 'list', '--after', 'BOB']);
    const names = [...(JSON.parse(first.stdout) as Shown[]), ...rest].map(({ username }) => username);
    expect(names).toEqual(['ada', 'alice', 'bob', 'eve', 'eve', 'x_y', 'xay', 'xby']);
    expect(first.output).toContain('There are more: --after eve\n');
    expect(rest[2]).toMatchObject({ email: 'plain@example.com', disabled: true });
  });

  test('signs of patterns mean themselves, and names count as well as addresses', async () => {
    const { deps } = running.server;
    const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, deps.clock());
    for (const [search, found] of [
      ['X_Y', ['x_y']],
      ['%', ['x_y']],
      ['\\', []],
      ['Élodie B', ['xby']],
      ['PLAIN@', ['xay']],
      ['RED', ['x_y']],
    ] as const) {
      const { items } = await listUsers(deps, context, { search, limit: 10 });
      expect(items.map(({ username }) => username)).toEqual(found);
    }
  });

  test('control characters in names reach no terminal, and are still there for scripts', async () => {
    const table = await signet(['user', 'list', '--search', 'x']);
    expect(table.stdout).toContain('100% \u{fffd}[31mred\u{fffd}');
    expect(table.stdout).toMatch(/^xay +plain@example\.com +Plain\u{fffd}Text +- +disabled/mu);
    const json = await signet(['user', 'list', '--search', '100%', '--json']);
    expect(json.stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(JSON.parse(json.stdout)).toMatchObject([{ name: '100% \u001b[31mred\u009b' }]);
  });

  test('on a terminal: as wide as it is, the widest first, headings whole and no ids, because names do; where nobody looks: whole', async () => {
    const terminal = `process.stdout.isTTY = true; process.stdout.columns = 80`;
    const shown = commandLine({
      ...settingsOf(running),
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(terminal)}`,
    });
    const [wide, narrow] = await Promise.all([signet(['user', 'list']), shown(['user', 'list'])]);
    const lines = narrow.stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(80);
    expect(lines[0]).toMatch(/^Username +E-mail +Name +Roles +State$/);
    expect(narrow.stdout).toMatch(/^ada +Ada@example\.com +Ada Lovelace +editor, admin, auditor \(… +enabled$/m);
    expect(Math.max(...wide.stdout.split('\n').map((line) => line.length))).toBeGreaterThan(80);
    expect(wide.stdout).not.toContain('…');
    expect(lines).toHaveLength(wide.stdout.trimEnd().split('\n').length);
  });

  test('nobody there: said in the words of what was asked', async () => {
    const none = await signet(['user', 'list', '--search', 'no\u001bbody']);
    expect(none).toMatchObject({
      code: 0,
      stdout: '',
      output: "Nobody's username, e-mail address or name contains no\u{fffd}body.\n",
    });
  });

  test('of another tenant: its users only; of one that is not there: 3', async () => {
    expect(await resultOf<Shown[]>(signet, ['user', 'list', '--tenant', 'acme'])).toMatchObject([
      { username: 'alice' },
    ]);
    expect((await signet(['user', 'list', '--tenant', 'nobody'])).code).toBe(3);
  });
});

describe('disable and enable', () => {
  test('a disabled user has no session, no tokens and no way in; enabled, only the way in', async () => {
    const { agent, tokens } = await codeFlow(running, webClient, { user: bob });
    const { tokens: offline } = await codeFlow(running, ownClient, {
      agent,
      user: bob,
      change: { scope: 'openid offline_access' },
    });
    const disabled = await signet(['user', 'disable', 'bob@example.com']);
    expect([disabled.code, disabled.output]).toEqual([0, 'Disabled bob: 1 session and 2 grants ended.\n']);
    await expectDead(running, webClient, tokens);
    await expectDead(running, ownClient, offline);
    expect([await isSignedIn(agent), await signIn(bob)]).toEqual([false, 403]);

    const again = await resultOf<object>(signet, ['user', 'disable', 'bob']);
    expect(again).toEqual({
      id: expect.any(String),
      username: 'bob',
      disabled: true,
      changed: false,
      sessions_ended: 0,
      grants_revoked: 0,
    });
    const enabled = await resultOf<{ id: string }>(signet, ['user', 'enable', 'bob']);
    expect(enabled).toMatchObject({ disabled: false, changed: true });
    expect([await isSignedIn(agent), await signIn(bob)]).toEqual([false, 303]);
    await expectDead(running, webClient, tokens);
    const events = (await eventsOf(enabled.id)).filter(({ type }) => /^user\.(?:dis|en)abled$/.test(type));
    expect(events).toEqual([
      { type: 'user.disabled', data: { sessions: 1, grants: 2 } },
      { type: 'user.enabled', data: {} },
    ]);
  });

  test('the last administrator who can sign in: refused, unless forced', async () => {
    await running.provision({
      tenant: 'acme',
      users: ['ann', 'abe'].map((username) => ({ username, password: long, admin_roles: ['owner'] })),
    });
    const disable = (...args: string[]) => signet(['user', 'disable', '--tenant', 'acme', ...args]);
    expect((await disable('ann')).code).toBe(0);
    const refused = await disable('abe');
    expect([refused.code, refused.output]).toEqual([
      1,
      'abe is the last owner who can sign in: make another one first. To disable them all the same, say --force.\n',
    ]);
    expect(await signIn({ username: 'abe', password: long }, `${running.issuer}/t/acme`)).toBe(303);
    expect((await disable('abe', '--force')).code).toBe(0);
    expect(await signIn({ username: 'abe', password: long }, `${running.issuer}/t/acme`)).toBe(403);
  });

  test('an administrator without a password cannot sign in, and so is no second one', async () => {
    await running.provision({
      tenant: { slug: 'initech' },
      users: [
        { username: 'ann', password: long, admin_roles: ['owner'] },
        { username: 'abe', admin_roles: ['owner'] },
      ],
    });
    const disable = (user: string) => signet(['user', 'disable', '--tenant', 'initech', user]);
    const refused = await disable('ann');
    expect([refused.code, refused.output]).toEqual([1, expect.stringMatching(/^ann is the last owner/)]);
    expect((await disable('abe')).code).toBe(0);
  });

  test('a provisioning file that would leave no administrator who can sign in: nothing of it is applied', async () => {
    const tenant = { slug: 'hooli' };
    const admin_roles = ['owner'];
    const [ann, abe] = ['ann', 'abe'].map((username) => ({ username, password: long, admin_roles })) as [
      object,
      object,
    ];
    const bare = { username: 'bea', admin_roles };
    const apply = (...users: object[]) => running.provision({ tenant, users } as ProvisioningFile);
    await apply(ann, bare);
    const problem = /^test:1:\d+ users\[\d\] would leave no owner who can sign in: /;
    for (const entry of [
      { username: 'ann', disabled: true },
      { username: 'ann', admin_roles: [] },
    ]) {
      const refused = apply({ username: 'new' }, entry);
      await expect(refused).rejects.toMatchObject({ problems: [expect.stringMatching(problem)] });
    }
    const there = `SELECT username FROM users WHERE tenant_id = (SELECT id FROM tenants WHERE slug = 'hooli') ORDER BY 1`;
    expect(await query(running.database.url, there)).toEqual([{ username: 'ann' }, { username: 'bea' }]);
    await apply({ username: 'ann', disabled: true }, abe);
    expect(await signIn({ username: 'abe', password: long }, `${running.issuer}/t/hooli`)).toBe(303);
    await expect(apply({ username: 'abe', admin_roles: [] })).rejects.toThrow('would leave no owner');
  });

  test('two who disable the last two administrators at once: the second is refused', async () => {
    await running.provision({
      tenant: { slug: 'globex' },
      users: ['ann', 'abe'].map((username) => ({ username, password: long, admin_roles: ['owner'] })),
    });
    const { deps } = running.server;
    const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'globex'))!, deps.clock());
    const gate = gateStatements(running);
    const held = gate.hold('before', /INSERT INTO audit_events/);
    const first = disableUser(deps, context, 'ann', { force: false });
    await held.arrived;
    const second = disableUser(deps, context, 'abe', { force: false });
    await untilBlocked(running.database.url, 1, second);
    gate.open();
    expect((await first).ended).toBeDefined();
    await expect(second).rejects.toMatchObject({ code: 'last_administrator' });
  });

  test('somebody who is not there: 3', async () => {
    const { code, output } = await signet(['user', 'disable', 'no\u001bbody']);
    expect([code, output]).toEqual([3, 'There is no user no\u{fffd}body.\n']);
  });
});

describe('set-password', () => {
  test('the old password, the sessions and the tokens are dead; another tenant does not notice', async () => {
    const { agent, tokens } = await codeFlow(running, webClient);
    const elsewhere = await codeFlow({ issuer: `${running.issuer}/t/acme` }, webClient);
    const changed = await resultOf<{ id: string }>(signet, ['user', 'set-password', 'alice', '--password-stdin'], long);
    expect(changed).toEqual({ id: expect.any(String), username: 'alice', sessions_ended: 2, grants_revoked: 1 });
    await expectDead(running, webClient, tokens);
    expect(await isSignedIn(agent)).toBe(false);
    expect([await signIn(alice), await signIn({ ...alice, password: long })]).toEqual([403, 303]);
    expect((await getUserinfo({ issuer: `${running.issuer}/t/acme` }, elsewhere.tokens.access_token)).status).toBe(200);
    expect(await eventsOf(changed.id)).toContainEqual({ type: 'user.password_set', data: { sessions: 2, grants: 1 } });
  });

  test('for somebody by their id, made: it is shown, and works', async () => {
    const [{ id }] = (await query(running.database.url, `SELECT id FROM users WHERE username = 'bob'`)) as [
      { id: string },
    ];
    const { password } = await resultOf<Shown>(signet, ['user', 'set-password', id, '--generate-password']);
    expect(await nextOf({ username: 'bob', password: password! })).toBe('/sign-in/new-password');
  });

  test('typed: it stays, unless it must be changed', async () => {
    const set = (...more: string[]) => signet(['user', 'set-password', 'bob', '--password-stdin', ...more], long);
    const stays = await set();
    expect([stays.code, stays.stdout]).toEqual([0, expect.not.stringContaining('must be changed')]);
    expect(await nextOf({ username: 'bob', password: long })).toBe('/account');
    const changes = await set('--must-change');
    expect([changes.code, changes.stdout]).toEqual([
      0,
      expect.stringMatching(/\nIt must be changed at the first sign-in, and ends in 7 days\.\n$/),
    ]);
    expect(await nextOf({ username: 'bob', password: long })).toBe('/sign-in/new-password');
  });

  test('more than one line on standard input: 1; nobody of that name: 3', async () => {
    const set = (user: string, input: string) => signet(['user', 'set-password', user, '--password-stdin'], input);
    const { code, output } = await set('bob', `${long}\n${long}\n`);
    expect([code, output]).toEqual([1, expect.stringContaining('more than one line')]);
    expect((await set('nobody', long)).code).toBe(3);
  });
});

describe('reset-mfa', () => {
  test('every factor, code and session is gone, whoever had guessed; a second time there is nothing', async () => {
    const user = { username: 'lost-telephone', password: long };
    await running.provision({ users: [user] });
    const { tokens } = await enrol(running, user);
    for (let guess = 0; guess < 6; guess += 1)
      await verifyAt(running, { token: (await logIn(running, user)).body.token, code: '000000' });
    const reset = await resultOf<{ id: string }>(signet, ['user', 'reset-mfa', 'lost-telephone']);
    expect(reset).toEqual({
      id: expect.any(String),
      username: 'lost-telephone',
      factors_removed: 1,
      sessions_ended: 1,
      grants_revoked: 1,
    });
    expect((await refreshAt(running, tokens.refresh_token)).status).toBe(401);
    expect((await logIn(running, user)).body.mfa_required).toBeUndefined();
    await enrol(running, user);
    expect(await eventsOf(reset.id)).toContainEqual({
      type: 'user.second_factor_removed',
      data: { method: 'all', factors: 1, sessions: 1, grants: 1 },
    });
    expect(await resultOf(signet, ['user', 'reset-mfa', 'alice'])).toMatchObject({
      factors_removed: 0,
      sessions_ended: 0,
    });
  });

  test('nobody of that name: 3', async () => {
    expect((await signet(['user', 'reset-mfa', 'nobody'])).code).toBe(3);
  });
});
