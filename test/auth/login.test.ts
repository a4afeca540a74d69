// POST /auth/login: a password for tokens, by the tenant's own applications, and nobody else's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { api, backend, logIn, postJson } from '../support/first-party.ts';
import { alice, basic, bob, claimsOf, getUserinfo, ownClient, webClient, world } from '../support/flow.ts';
import { gateStatements, statements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, backend], resources: [api] },
  });
  await signet.provision({ tenant: 'other', users: [{ ...alice, password: 'another one, there' }] });
});
afterAll(() => signet.stop());

const url = () => `${signet.issuer}/auth/login`;

describe('right', () => {
  test.each(['/auth/login', '/api/auth/login', '/api/mobile/login'])(
    '%s with what is there after one user was made: tokens, and no set-up',
    async (path) => {
      const { status, headers, body } = await postJson(`${signet.issuer}${path}`, {
        username: alice.username,
        password: alice.password,
      });
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toEqual({
        access_token: body.token,
        token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^sgr_/),
        scope: 'profile email',
        device: expect.stringMatching(/~/),
      });
      expect(claimsOf(body.token)).toMatchObject({
        iss: signet.issuer,
        aud: signet.issuer,
        client_id: 'first-party',
        amr: ['pwd'],
        mfa_verified: false,
        mfa_method: null,
      });
    },
  );

  test('by e-mail address, in whatever case; openid gives an ID token, and UserInfo answers', async () => {
    const email = { ...bob, username: 'BOB@example.com' };
    const { status, body } = await logIn(signet, email, { scope: 'openid email' });
    expect([status, body.scope]).toEqual([200, 'openid email']);
    expect(claimsOf(body.id_token)).toMatchObject({ aud: 'first-party', iss: signet.issuer });
    const { body: user } = await getUserinfo(signet, body.access_token);
    expect(user['email']).toBe('bob@example.com');
  });

  test('for an API: its audience and its scopes', async () => {
    const change = { resource: api.identifier, client_id: 'backend', client_secret: backend.client_secret };
    const { body } = await logIn(signet, alice, change);
    expect(claimsOf(body.token)).toMatchObject({ aud: api.identifier, client_id: 'backend' });
    const { status } = await getUserinfo(signet, body.token);
    expect(status).toBe(401);
  });

  test('a confidential client, with its secret in the body or by HTTP Basic', async () => {
    const named = { client_id: backend.client_id, client_secret: backend.client_secret };
    expect((await logIn(signet, alice, named)).status).toBe(200);
    const { username, password } = alice;
    const authorization = basic(backend.client_id, backend.client_secret);
    const { status, body } = await postJson(url(), { username, password }, { authorization });
    expect([status, claimsOf(body.token)['client_id']]).toEqual([200, 'backend']);
  });

  test('the family outlives its session only where offline_access was asked for', async () => {
    const offline = async (more: object) =>
      (
        await query<{ offline: boolean }>(signet.database.url, 'SELECT offline FROM grants WHERE id = $1', [
          claimsOf((await logIn(signet, alice, { ...more })).body.token)['grant_id'],
        ])
      )[0]?.offline;
    expect([await offline({}), await offline({ scope: 'openid offline_access' })]).toEqual([false, true]);
  });
});

describe('wrong', () => {
  test('the built-in client gets nothing for the API of administrators, asked for or by default; another one does', async () => {
    const identifier = `${signet.issuer}/admin/api`;
    const refused = await logIn(signet, alice, { resource: identifier });
    expect([refused.status, refused.body.code]).toEqual([400, 'invalid_target']);
    const { client_id, client_secret } = backend;
    const given = await logIn(signet, alice, { resource: identifier, client_id, client_secret });
    expect(claimsOf(given.body.token)['aud']).toBe(identifier);
    await signet.provision({
      tenant: 'third',
      users: [alice],
      settings: { default_resource: `${signet.issuer}/t/third/admin/api` },
    });
    expect((await logIn({ issuer: `${signet.issuer}/t/third` }, alice)).body.code).toBe('invalid_target');
  });

  const problem = (status: number, code: string) =>
    expect.objectContaining({ status, code, title: expect.any(String), instance: expect.any(String) });

  test('a password, a name, a disabled user: the same answer to the last byte, but for its instance', async () => {
    await signet.provision({ users: [{ username: 'gone', password: 'was here not long ago', disabled: true }] });
    const answers = [
      await logIn(signet, { ...alice, password: 'not the right one, no' }),
      await logIn(signet, { username: 'nobody-at-all', password: alice.password }),
      await logIn(signet, { username: 'gone', password: 'was here not long ago' }),
      await logIn(signet, { ...alice, password: 'x'.repeat(5000) }),
    ];
    const same = new Set(answers.map(({ text, body }) => text.replace(body.instance!, '')));
    expect([...same]).toHaveLength(1);
    for (const { status, headers, body } of answers) {
      expect([status, headers.get('content-type')]).toEqual([401, 'application/problem+json; charset=utf-8']);
      expect(body).toEqual(problem(401, 'wrong_credentials'));
    }
    const [{ type, actor_kind: actor }] = (await query(
      signet.database.url,
      `SELECT type, actor_kind FROM audit_events WHERE type = 'user.sign_in_failed' LIMIT 1`,
    )) as [{ type: string; actor_kind: string }];
    expect([type, actor]).toEqual(['user.sign_in_failed', 'visitor']);
  });

  test.each([
    ['a client of somebody else', { client_id: 'spa' }, 403, 'unauthorized_client'],
    ['a client that is not known', { client_id: 'nobody' }, 401, 'invalid_client'],
    ['a confidential client without its secret', { client_id: 'backend' }, 401, 'invalid_client'],
    ['a secret of nobody', { client_secret: 'x'.repeat(32) }, 401, 'invalid_client'],
    ['a wrong secret', { client_id: 'backend', client_secret: 'x'.repeat(32) }, 401, 'invalid_client'],
    ['a resource that is not registered', { resource: 'https://evil.example' }, 400, 'invalid_target'],
    ['a scope that the client may not have', { scope: 'orders:read' }, 400, 'invalid_scope'],
    ['an acr that nobody can reach', { acr_values: 'urn:other' }, 403, 'unmet_authentication_requirements'],
    ['a field that is not known', { remember: true }, 422, 'invalid_input'],
    ['a list for a name', { username: ['alice', 'bob'] }, 422, 'invalid_input'],
    ['no password', { password: undefined }, 422, 'invalid_input'],
  ])('%s', async (_what, more, status, code) => {
    const answer = await logIn(signet, alice, more);
    expect([answer.status, answer.body]).toEqual([status, problem(status, code)]);
  });

  test('what is wrong with the body is said by pointers', async () => {
    const { body } = await postJson(url(), { username: 1, pasword: 'x' });
    expect((body as unknown as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['/username', '/pasword']),
    );
  });

  test.each([
    ['no JSON', '{"username":', 'application/json', 400],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', 400],
    ['NUL', '{"username":"a\\u0000","password":"b"}', 'application/json', 400],
    ['a form, which other sites could send', 'username=alice&password=x', 'application/x-www-form-urlencoded', 415],
    ['text, which other sites could send', '{"username":"alice","password":"x"}', 'text/plain', 415],
  ])('%s', async (_what, body, type, status) => {
    const response = await fetch(url(), { method: 'POST', headers: { 'content-type': type }, body });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    if (status === 415)
      expect(await response.json()).toMatchObject({
        detail: expect.stringContaining('Content-Type: application/json'),
      });
  });

  test.each(['/auth/logn', '/t/acme/auth/', '/api/mobile/refresh', '/api/auth/x?y'])(
    '%s: a problem as well, for there is nothing there',
    async (path) => {
      const { status, headers, body } = await postJson(`${signet.issuer}${path}`, {});
      expect([status, headers.get('content-type'), body.code]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
        'not_found',
      ]);
    },
  );

  test('another method, another tenant', async () => {
    const got = await fetch(url());
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect((await logIn({ issuer: `${signet.issuer}/t/other` }, alice)).status).toBe(401);
  });

  test('the password is changed between its check and the session: no tokens, and nothing is made', async () => {
    const gate = gateStatements(signet);
    await signet.provision({ users: [{ username: 'quick', password: 'the first of two passwords' }] });
    const held = gate.hold('before', statements.beginSession);
    const late = logIn(signet, { username: 'quick', password: 'the first of two passwords' });
    await held.arrived;
    await signet.provision({
      users: [{ username: 'quick', password: 'the second of two passwords', password_reset: true }],
    });
    held.open();
    expect((await late).status).toBe(401);
    const made = `SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.username = 'quick'`;
    expect(await query(signet.database.url, made)).toEqual([]);
    gate.open();
  });
});

test('strangers use up their budget, and a device that has signed in before keeps its own', async () => {
  await signet.provision({ users: [{ username: 'target', password: 'right from the beginning' }] });
  const target = { username: 'target', password: 'right from the beginning' };
  const { device } = (await logIn(signet, target)).body;
  let last = await logIn(signet, { ...target, password: 'guessed, and not right' });
  for (let tries = 0; tries < 9 && last.status === 401; tries += 1)
    last = await logIn(signet, { ...target, password: 'guessed, and not right' });
  expect([last.status, last.body.code]).toEqual([429, 'too_many_attempts']);
  const wait = Number(last.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(last.body).toMatchObject({
    retry_after: wait,
    detail: expect.stringContaining(`Try again in ${wait} second`),
  });
  expect((await logIn(signet, target)).status).toBe(429);
  expect((await logIn(signet, target, { device })).status).toBe(200);
  // Another account's device is nothing here, nor is one that was made up.
  const foreign = (await logIn(signet, bob)).body.device;
  expect((await logIn(signet, target, { device: foreign })).status).toBe(429);
  expect((await logIn(signet, target, { device: device.replace(/~..../, '~AAAA') })).status).toBe(429);
});

test('browsers may call from the origins of first-party clients, and from no other', async () => {
  const allowed = async (origin: string) => {
    const preflight = await fetch(url(), {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    return preflight.headers.get('access-control-allow-origin');
  };
  expect(await allowed(new URL(ownClient.redirect_uris[0]!).origin)).toBe('https://own.example');
  expect(await allowed(new URL(webClient.redirect_uris[0]!).origin)).toBeNull();
  expect(await allowed('https://evil.example')).toBeNull();
});

describe('the built-in client', () => {
  const change = (entry: object) => signet.provision({ clients: [{ client_id: 'first-party', ...entry }] });

  test('can be disabled by a file, and enabled again; its tokens stop with it', async () => {
    const { token } = (await logIn(signet, alice, { scope: 'openid' })).body;
    await change({ disabled: true });
    expect((await logIn(signet, alice)).body.code).toBe('invalid_client');
    expect((await getUserinfo(signet, token)).status).toBe(401);
    await change({ disabled: false, access_token_lifetime: 600 });
    expect((await logIn(signet, alice)).body.expires_in).toBe(600);
    await change({});
    expect((await logIn(signet, alice)).body.expires_in).toBe(900);
  });

  test.each([
    ['made confidential', { token_endpoint_auth_method: 'client_secret_post', client_secret: 'x'.repeat(32) }],
    ['made a client of somebody else', { first_party: false }],
  ])('cannot be %s', async (_what, entry) => {
    await expect(change(entry)).rejects.toThrow('this client is built in');
  });
});
