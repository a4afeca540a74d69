// Service accounts: a program signs in with a key at POST /auth/login, and gets what ends with its access token.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServiceAccountEntry } from '../../src/schemas/service-account.ts';
import { contextWithoutRequest, type RequestContext } from '../../src/domain/context.ts';
import { createService } from '../../src/flows/service-accounts/create.ts';
import { disableService, enableService } from '../../src/flows/service-accounts/disable.ts';
import { addServiceKey, listServiceKeys, revokeServiceKey } from '../../src/flows/service-accounts/keys.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { resetAdministrator } from '../../src/flows/users/administrators.ts';
import { createUser } from '../../src/flows/users/save.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import { createAgent } from '../support/agent.ts';
import { countHashes } from '../support/counted-hasher.ts';
import { query } from '../support/database.ts';
import { type ApiAnswer, api, backend, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, claimsOf, getUserinfo, ownClient, submitPassword, world } from '../support/flow.ts';
import { gateStatements, statements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  const backendOfPrograms = { ...backend, scope: 'openid profile offline_access orders:read' };
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, backendOfPrograms], resources: [api] },
  });
  await signet.provision({ tenant: 'other' });
});
afterAll(() => signet.stop());

const soon = 24 * 3600_000;

async function contextOf(slug = 'default'): Promise<RequestContext> {
  const { deps } = signet.server;
  return contextWithoutRequest(deps, (await tenantBySlug(deps, slug))!, signet.clock.now);
}

let made = 0;

/** A new account with one key. */
async function newService(
  more: { slug?: string; expiresAt?: number } = {},
): Promise<{ id: string; username: string; password: string }> {
  const username = `program-${(made += 1)}`;
  const { slug = 'default', expiresAt } = more;
  const first = { name: 'first', expiresAt };
  const { user, key } = await createService(signet.server.deps, await contextOf(slug), { username }, first);
  return { id: user.id, username, password: key! };
}

const expectRefused = (answer: ApiAnswer) =>
  expect([answer.status, answer.body.code]).toEqual([401, 'wrong_credentials']);

/** `GET /oauth/userinfo`, which refuses a good token of a program for its scope alone. */
async function standsStill(token: string): Promise<boolean> {
  const { status } = await getUserinfo(signet, token);
  expect([401, 403]).toContain(status);
  return status === 403;
}

describe('right', () => {
  test.each(['/auth/login', '/api/auth/login', '/api/mobile/login'])(
    '%s: an access token, and nothing else',
    async (path) => {
      const { id, username, password } = await newService();
      const { status, body } = await postJson(`${signet.issuer}${path}`, { username, password });
      expect(status).toBe(200);
      expect(body).toEqual({
        access_token: body.token,
        token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'Bearer',
        expires_in: 900,
        scope: 'profile email',
      });
      expect(claimsOf(body.token)).toMatchObject({
        sub: id,
        amr: ['pwd'],
        acr: 'urn:signet:acr:1fa',
        mfa_verified: false,
      });
      expect(await standsStill(body.token)).toBe(true);
    },
  );

  test('for an API; neither openid nor offline_access is given, whatever is asked for', async () => {
    const service = await newService();
    const named = { client_id: backend.client_id, client_secret: backend.client_secret };
    const { body } = await logIn(signet, service, {
      ...named,
      resource: api.identifier,
      scope: 'openid offline_access orders:read',
    });
    expect(body).toMatchObject({ scope: 'orders:read' });
    expect(body.refresh_token ?? body.id_token).toBeUndefined();
    expect(claimsOf(body.token)).toMatchObject({ aud: api.identifier, scope: 'orders:read' });
    for (const scope of ['openid', 'offline_access', 'openid offline_access']) {
      const answer = await logIn(signet, service, { ...named, scope });
      expect([scope, answer.status, answer.body.code]).toEqual([scope, 400, 'invalid_scope']);
    }
  });

  test('session and grant end with the access token', async () => {
    const service = await newService();
    const { token } = (await logIn(signet, service)).body;
    const [row] = await query<{ ends: boolean; offline: boolean; refresh: string }>(
      signet.database.url,
      `SELECT s.idle_expires_at = g.expires_at AND s.expires_at = g.expires_at AND g.expires_at = $2 AS ends, g.offline,
         (SELECT count(*) FROM refresh_tokens t WHERE t.grant_id = g.id)::text AS refresh
       FROM grants g JOIN sessions s ON s.id = g.session_id WHERE g.id = $1`,
      [claimsOf(token)['grant_id'], new Date(signet.clock.now + 900_000).toISOString()],
    );
    expect(row).toEqual({ ends: true, offline: false, refresh: '0' });
  });

  test('the row of the key is written once a minute', async () => {
    const service = await newService();
    await logIn(signet, service);
    const lastUsed = async () =>
      (await listServiceKeys(signet.server.deps, await contextOf(), service.username))[0]!.lastUsedAt;
    const first = signet.clock.now;
    expect(await lastUsed()).toBe(first);
    signet.clock.advance(59);
    await logIn(signet, service);
    expect(await lastUsed()).toBe(first);
    signet.clock.advance(1);
    await logIn(signet, service);
    expect(await lastUsed()).toBe(signet.clock.now);
  });

  test('the events say who did it, and the key stands nowhere in the database', async () => {
    const service = await newService();
    await logIn(signet, service);
    const events = await query<{ type: string; actor_kind: string }>(
      signet.database.url,
      'SELECT type, actor_kind FROM audit_events WHERE user_id = $1 ORDER BY type',
      [service.id],
    );
    expect(events.map(({ type, actor_kind: actor }) => `${type} ${actor}`)).toEqual([
      'service_key.added server',
      'token.issued user',
      'user.created server',
      'user.signed_in user',
    ]);
    const rows = await query<{ row: string }>(
      signet.database.url,
      'SELECT c::text AS row FROM credentials c WHERE user_id = $1',
      [service.id],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.row).not.toContain(service.password.slice(4));
  });
});

describe('wrong', () => {
  test('an unknown name, a wrong, expired or revoked key, a disabled account, a key of another account or tenant, or at a person: one answer', async () => {
    const { deps } = signet.server;
    const wrong = await newService();
    const expired = await newService({ expiresAt: signet.clock.now + 1000 });
    const revoked = await newService();
    await revokeServiceKey(deps, await contextOf(), revoked.username, 'first');
    const disabled = await newService();
    await disableService(deps, await contextOf(), disabled.username);
    const [one, other] = [await newService(), await newService()];
    const elsewhere = await newService({ slug: 'other' });
    // The same name there: only the tenant is another.
    await createService(deps, await contextOf(), { username: elsewhere.username }, undefined);
    expect((await logIn(signet, expired)).status).toBe(200);
    signet.clock.advance(1);
    const answers = [
      await logIn(signet, { username: 'no-program-at-all', password: one.password }),
      await logIn(signet, { ...wrong, password: `sgk_${'A'.repeat(43)}` }),
      await logIn(signet, { ...wrong, password: 'no key, but a phrase' }),
      await logIn(signet, { ...wrong, password: `${wrong.password} ` }),
      await logIn(signet, expired),
      await logIn(signet, revoked),
      await logIn(signet, disabled),
      await logIn(signet, { ...one, password: other.password }),
      await logIn(signet, elsewhere),
      await logIn(signet, { ...alice, password: one.password }),
    ];
    for (const answer of answers) expectRefused(answer);
    expect(new Set(answers.map(({ text, body }) => text.replace(body.instance!, ''))).size).toBe(1);
    expect((await logIn({ issuer: `${signet.issuer}/t/other` }, elsewhere)).status).toBe(200);
    // None of these was a use.
    for (const { username } of [disabled, wrong, one])
      expect((await listServiceKeys(deps, await contextOf(), username))[0]!.lastUsedAt).toBeUndefined();
    await enableService(deps, await contextOf(), disabled.username);
    expect((await logIn(signet, disabled)).status).toBe(200);
  });

  test('a key that somebody put at a person opens nothing', async () => {
    const service = await newService();
    await query(
      signet.database.url,
      `UPDATE credentials SET user_id = (SELECT id FROM users WHERE username = 'alice' AND tenant_id = credentials.tenant_id)
       WHERE kind = 'key' AND user_id = $1`,
      [service.id],
    );
    expectRefused(await logIn(signet, { ...alice, password: service.password }));
    expectRefused(await logIn(signet, service));
  });

  test('no password, even where somebody put one: no browser signs in, nor does /auth/login', async () => {
    const service = await newService();
    await query(
      signet.database.url,
      `INSERT INTO credentials SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'user_id', $1::text))).*
       FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = 'alice' AND c.kind = 'password' AND u.tenant_id =
         (SELECT tenant_id FROM users WHERE id = $1::uuid)`,
      [service.id],
    );
    for (const password of [alice.password, service.password]) {
      const agent = createAgent();
      const page = await agent.get(`${signet.issuer}/sign-in`);
      expect((await submitPassword(agent, page, { username: service.username, password })).status).toBe(403);
    }
    expectRefused(await logIn(signet, { ...service, password: alice.password }));
    const { token } = (await logIn(signet, service)).body;
    const change = { current_password: service.password, new_password: 'a long password for a program' };
    expectRefused(await postJson(`${signet.issuer}/auth/password`, change, { authorization: `Bearer ${token}` }));
  });

  test('a program adds no second factor, and a client that demands two refuses it', async () => {
    const service = await newService();
    const { access_token: token } = (await logIn(signet, service)).body;
    const added = await postJson(`${signet.issuer}/auth/mfa/totp`, {}, { authorization: `Bearer ${token}` });
    expect([added.status, added.body.code]).toEqual([403, 'second_factors_off']);
    await signet.provision({ clients: [{ ...ownClient, client_id: 'strict', required_acr: 'urn:signet:acr:2fa' }] });
    const { status, body } = await logIn(signet, service, { client_id: 'strict' });
    expect([status, body.code]).toEqual([403, 'unmet_authentication_requirements']);
  });

  test('more than one factor: refused as for people', async () => {
    const answer = await logIn(signet, await newService(), { acr_values: 'urn:signet:acr:2fa' });
    expect([answer.status, answer.body.code]).toEqual([403, 'unmet_authentication_requirements']);
  });

  test('a key is nothing where other things belong', async () => {
    const { password: key } = await newService();
    expect((await refreshAt(signet, key)).body.code).toBe('invalid_grant');
    expect((await getUserinfo(signet, key)).status).toBe(401);
    expect((await postJson(`${signet.issuer}/auth/logout`, {}, { authorization: `Bearer ${key}` })).status).toBe(401);
    const wrongSecret = { client_id: backend.client_id, client_secret: key };
    expect((await logIn(signet, alice, wrongSecret)).body.code).toBe('invalid_client');
    const token = async (form: Record<string, string>) => {
      const body = new URLSearchParams({ client_id: 'spa', ...form });
      const answer = await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', body });
      return ((await answer.json()) as { error: string }).error;
    };
    const code = {
      grant_type: 'authorization_code',
      code: key,
      redirect_uri: 'https://spa.example/cb',
      code_verifier: 'x'.repeat(43),
    };
    expect(await token(code)).toBe('invalid_grant');
    expect(await token({ grant_type: 'refresh_token', refresh_token: key })).toBe('invalid_grant');
    expect((await createAgent().get(`${signet.issuer}/setup?token=${key}`)).status).toBe(410);
  });
});

test('what is no key of the account costs one hash, as every wrong password; a key costs none', async () => {
  const service = await newService();
  const expired = await newService({ expiresAt: signet.clock.now });
  const count = countHashes(signet);
  for (const wrong of [
    { ...service, password: `sgk_${'A'.repeat(43)}` },
    expired,
    { ...service, username: 'nobody-here' },
  ]) {
    count.verified = 0;
    expectRefused(await logIn(signet, wrong));
    expect(count.verified).toBe(1);
  }
  expect((await logIn(signet, service)).status).toBe(200);
  expect(count.verified).toBe(1);
});

test('strangers who guess at the name do not keep a program out', async () => {
  const service = await newService();
  let last = 401;
  for (let tries = 0; tries < 10 && last === 401; tries += 1)
    last = (await logIn(signet, { ...service, password: `sgk_${'A'.repeat(43)}` })).status;
  expect(last).toBe(429);
  expect((await logIn(signet, service)).status).toBe(200);
});

describe('ended', () => {
  test.each(['a revoked key', 'another key under its name', 'a disabled account'])(
    '%s: the access tokens of the account stop at once, and its other key goes on',
    async (what) => {
      const { deps } = signet.server;
      const service = await newService();
      const context = await contextOf();
      const { key: second } = await addServiceKey(deps, context, service.username, {
        name: 'second',
        expiresAt: undefined,
      });
      const { token } = (await logIn(signet, service)).body;
      expect(await standsStill(token)).toBe(true);
      const keys = [{ name: 'first', key: `sgk_${'B'.repeat(41)}${String(made).padStart(2, '0')}` }];
      if (what === 'a revoked key') await revokeServiceKey(deps, context, service.username, 'first');
      else if (what === 'a disabled account') await disableService(deps, context, service.username);
      else await signet.provision({ service_accounts: [{ username: service.username, keys }] });
      expect(await standsStill(token)).toBe(false);
      if (what === 'a disabled account') await enableService(deps, context, service.username);
      else expectRefused(await logIn(signet, service));
      expect(await standsStill(token)).toBe(false);
      expect((await logIn(signet, { ...service, password: second })).status).toBe(200);
    },
  );

  test('revoked between its check and the session: no tokens, and nothing is made', async () => {
    const service = await newService();
    const gate = gateStatements(signet);
    const held = gate.hold('before', statements.beginSession);
    const late = logIn(signet, service);
    await held.arrived;
    await revokeServiceKey(signet.server.deps, await contextOf(), service.username, 'first');
    held.open();
    expectRefused(await late);
    expect(await query(signet.database.url, 'SELECT 1 FROM sessions WHERE user_id = $1', [service.id])).toEqual([]);
    gate.open();
  });

  test('another key is revoked at that moment: the program notices nothing', async () => {
    const service = await newService();
    const { deps } = signet.server;
    await addServiceKey(deps, await contextOf(), service.username, { name: 'leaked', expiresAt: undefined });
    const gate = gateStatements(signet);
    const held = gate.hold('before', statements.beginSession);
    const late = logIn(signet, service);
    await held.arrived;
    await revokeServiceKey(deps, await contextOf(), service.username, 'leaked');
    held.open();
    const { status, body } = await late;
    expect(status).toBe(200);
    expect(await standsStill(body.token)).toBe(true);
    gate.open();
  });

  test('a login that won is ended', async () => {
    const service = await newService();
    const gate = gateStatements(signet);
    const held = gate.hold('after', statements.beginSession);
    const early = logIn(signet, service);
    await held.arrived;
    await revokeServiceKey(signet.server.deps, await contextOf(), service.username, 'first');
    held.open();
    expect(await standsStill((await early).body.token)).toBe(false);
    gate.open();
  });
});

describe('what administrators may do', () => {
  test('no password, no admin role, no second key of a name, no twenty-first', async () => {
    const { deps } = signet.server;
    const context = await contextOf();
    const { username } = await newService();
    const password = 'a password of fifteen';
    await expect(setPassword(deps, context, username, password)).rejects.toThrow('never with a password');
    await expect(resetAdministrator(deps, context, username, password)).rejects.toThrow('never with a password');
    const boss = { username: 'boss', admin_roles: ['owner'] };
    await expect(createService(deps, context, boss, undefined)).rejects.toMatchObject({
      mistakes: [{ path: ['admin_roles'], problem: 'is not known here' }],
    });
    await expect(createService(deps, context, { username: alice.username }, undefined)).rejects.toMatchObject({
      code: 'exists',
    });
    await expect(createUser(deps, context, { username, password })).rejects.toMatchObject({ code: 'exists' });
    await expect(
      addServiceKey(deps, context, alice.username, { name: 'x', expiresAt: undefined }),
    ).rejects.toMatchObject({
      code: 'not_found',
    });
    const add = (name: string, expiresAt?: number) => addServiceKey(deps, context, username, { name, expiresAt });
    await expect(add('first')).rejects.toMatchObject({ code: 'exists' });
    await add('old', signet.clock.now + 1000);
    for (let i = 2; i <= 19; i += 1) await add(`key ${i}`, signet.clock.now + soon);
    await expect(add('one more')).rejects.toThrow('has 20 keys');
    signet.clock.advance(1);
    // An expired one does not count.
    await addServiceKey(deps, await contextOf(), username, { name: 'one more', expiresAt: undefined });
    await expect(
      addServiceKey(deps, await contextOf(), username, { name: 'yet one', expiresAt: undefined }),
    ).rejects.toThrow('has 20 keys');
  });

  test('two keys at once under one name: one wins', async () => {
    const { deps } = signet.server;
    const context = await contextOf();
    const { username } = await newService();
    const both = await Promise.allSettled(
      [1, 2].map(() => addServiceKey(deps, context, username, { name: 'x', expiresAt: undefined })),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a provisioning file', () => {
  const key = (letter: string) => `sgk_${letter.repeat(43)}`;
  const provision = (...accounts: ServiceAccountEntry[]) => signet.provision({ service_accounts: accounts });
  const stored = (username: string) =>
    query<{ row: string }>(
      signet.database.url,
      `SELECT c.xmin::text || c::text || u.xmin::text AS row FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = $1 ORDER BY c.name`,
      [username],
    );

  test('makes accounts with keys; a second time changes nothing, not even the end that it does not name', async () => {
    const account = {
      username: 'filed',
      name: 'From a file',
      groups: ['programs'],
      keys: [{ name: 'a', key: key('a') }],
    };
    await provision(account);
    const before = await stored('filed');
    signet.clock.advance(3600);
    await provision(account);
    expect(await stored('filed')).toEqual(before);
    expect((await logIn(signet, { username: 'filed', password: key('a') })).status).toBe(200);
    const [known] = await listServiceKeys(signet.server.deps, await contextOf(), 'filed');
    expect(known!.expiresAt).toBe(signet.clock.now - 3600_000 + 365 * soon);
  });

  test('another value replaces a key; what is not in the file stays; a hash does for a key', async () => {
    // SHA-256 of key('h').
    const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(key('h')))).toString('hex');
    await provision({
      username: 'changing',
      keys: [
        { name: 'a', key: key('c'), expires_at: 'never' },
        { name: 'b', key_hash: hash, expires_at: new Date(signet.clock.now + soon).toISOString() },
      ],
    });
    await provision({ username: 'changing', keys: [{ name: 'a', key: key('d') }] });
    expectRefused(await logIn(signet, { username: 'changing', password: key('c') }));
    for (const password of [key('d'), key('h')])
      expect((await logIn(signet, { username: 'changing', password })).status).toBe(200);
    await provision({ username: 'changing', disabled: true });
    expectRefused(await logIn(signet, { username: 'changing', password: key('d') }));
    await provision({
      username: 'changing',
      disabled: false,
      keys: [{ name: 'a', key: key('d'), expires_at: '2020-01-01' }],
    });
    expectRefused(await logIn(signet, { username: 'changing', password: key('d') }));
  });

  test.each<[string, ServiceAccountEntry, string]>([
    [
      'a key of another form',
      { username: 'x', keys: [{ name: 'a', key: 'not a key' }] },
      'must be sgk_ and 43 letters',
    ],
    [
      'neither key nor hash',
      { username: 'x', keys: [{ name: 'a' }] },
      'service_accounts[0].keys[0] needs key or key_hash',
    ],
    ['both', { username: 'x', keys: [{ name: 'a', key: key('q'), key_hash: 'a'.repeat(64) }] }, 'stands beside key'],
    [
      'a name twice',
      { username: 'x', keys: ['q', 'r'].map((letter) => ({ name: 'a', key: key(letter) })) },
      'stands twice',
    ],
    ['a time that is none', { username: 'x', keys: [{ name: 'a', key: key('q'), expires_at: 'soon' }] }, 'or never'],
    [
      'a month that is none',
      { username: 'x', keys: [{ name: 'a', key: key('q'), expires_at: '2030-13-01' }] },
      'no time that there is',
    ],
    [
      'an admin role',
      { username: 'x', admin_roles: ['owner'] } as ServiceAccountEntry,
      'service_accounts[0].admin_roles is not known here',
    ],
    ['the name of a person', { username: 'alice' }, 'service_accounts[0].username is that of a person'],
    [
      'one key for two names',
      { username: 'x', keys: ['a', 'b'].map((name) => ({ name, key: key('q') })) },
      'Another name has this key already',
    ],
  ])('refuses %s, and applies nothing', async (_what, account, problem) => {
    await expect(provision(account)).rejects.toThrow(problem);
    expect(await stored('x')).toEqual([]);
  });

  test('brings no key back to life when twenty live', async () => {
    const username = 'crowded';
    const dead = { name: 'dead', key: key('y'), expires_at: '2020-01-01' };
    await provision({ username, keys: [dead] });
    for (let i = 1; i <= 20; i += 1)
      await addServiceKey(signet.server.deps, await contextOf(), username, { name: `key ${i}`, expiresAt: undefined });
    const revived = provision({ username, keys: [{ ...dead, expires_at: 'never' }] });
    await expect(revived).rejects.toThrow('crowded has 20 keys');
  });

  test('gives a service account no password, and says where it belongs', async () => {
    const { username } = await newService();
    const users = [{ username, password: 'a password of fifteen' }];
    await expect(signet.provision({ users })).rejects.toThrow('belongs in service_accounts and has no password');
    const both = signet.provision({ users: [{ username: 'y' }], service_accounts: [{ username: 'Y' }] });
    await expect(both).rejects.toThrow('service_accounts[0].username is the same as in users[0]');
  });
});
