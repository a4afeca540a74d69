// The client_credentials grant (RFC 6749 4.4): tokens that programs get for themselves, for one API, and nothing that outlives them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { claimsOf, getUserinfo, type TestClient, tokenRequest, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const orders = 'https://orders.example/api';
const stock = 'https://stock.example/api';
const plain = 'https://plain.example/api';
const machine = {
  client_id: 'nightly',
  client_secret: 'a-secret-of-the-nightly-job-of-32-chars',
  grant_types: ['client_credentials' as const],
  response_types: [],
  scope: 'openid profile offline_access orders:read orders:write',
};
const both = { ...machine, client_id: 'both', scope: 'orders:read stock:read shared:read' };
const bare = { ...machine, client_id: 'bare', scope: 'openid' };
const resources = [
  { identifier: orders, scopes: ['orders:read', 'orders:write', 'shared:read'] },
  { identifier: stock, scopes: ['stock:read', 'shared:read'] },
  { identifier: plain },
];

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, machine, both, bare], resources } });
});
afterAll(() => signet.stop());

const ask = (client: TestClient | typeof machine, form: Record<string, string> = {}) =>
  tokenRequest(signet, client, { grant_type: 'client_credentials', ...form });

test('an access token of the program itself: for the API that its scopes belong to, with all of them, and nothing else', async () => {
  const { status, body } = await ask(machine);
  expect([status, body]).toEqual([
    200,
    { access_token: expect.any(String), token_type: 'Bearer', expires_in: 900, scope: 'orders:read orders:write' },
  ]);
  const claims = claimsOf(body.access_token);
  expect(claims).toMatchObject({
    iss: signet.issuer,
    sub: 'nightly',
    client_id: 'nightly',
    aud: orders,
    scope: 'orders:read orders:write',
  });
  // Nothing that a person's token says.
  for (const name of ['sid', 'grant_id', 'auth_time', 'amr', 'acr']) expect(claims, name).not.toHaveProperty(name);
  expect(claims['jti']).not.toBe(claimsOf((await ask(machine)).body.access_token)['jti']);
});

test('it writes nothing: no grant, no session, no event', async () => {
  await ask(machine);
  const counted = () =>
    query(
      signet.database.url,
      `SELECT (SELECT count(*) FROM grants) AS grants, (SELECT count(*) FROM sessions) AS sessions,
        (SELECT count(*) FROM audit_events) AS events, (SELECT count(*) FROM refresh_tokens) AS refresh`,
    );
  const before = await counted();
  for (let nth = 0; nth < 5; nth += 1) expect((await ask(machine)).status).toBe(200);
  expect(await counted()).toEqual(before);
});

describe('scopes and resources', () => {
  test.each<[string, typeof machine, Record<string, string>, string, string]>([
    ['a scope', machine, { scope: 'orders:read' }, orders, 'orders:read'],
    ['a scope and its resource', machine, { scope: 'orders:write', resource: orders }, orders, 'orders:write'],
    ['a resource', both, { resource: stock }, stock, 'stock:read shared:read'],
    ['a scope that one of two has', both, { scope: 'stock:read' }, stock, 'stock:read'],
    ['scopes that one of two has together', both, { scope: 'stock:read shared:read' }, stock, 'stock:read shared:read'],
    [
      'a scope that both have, and the resource',
      both,
      { scope: 'shared:read', resource: orders },
      orders,
      'shared:read',
    ],
    ['a program without scopes', bare, {}, 'issuer', ''],
  ])('%s', async (_what, client, form, audience, scope) => {
    const { status, body } = await ask(client, form);
    expect([status, body.scope]).toEqual([200, scope]);
    expect(claimsOf(body.access_token)).toMatchObject({ aud: audience === 'issuer' ? signet.issuer : audience, scope });
  });

  test.each<[string, typeof machine, Record<string, string>, string]>([
    ['scopes of two resources, none named', both, {}, 'invalid_target'],
    ['a scope that two resources have, none named', both, { scope: 'shared:read' }, 'invalid_target'],
    ['a resource that is not registered', machine, { resource: 'https://evil.example' }, 'invalid_target'],
    ['no URI', machine, { resource: 'orders' }, 'invalid_target'],
    ['M53 a scope that is not registered for it', machine, { scope: 'orders:read stock:read' }, 'invalid_scope'],
    ['a scope of another resource', both, { scope: 'orders:read', resource: stock }, 'invalid_scope'],
    ['who somebody is', machine, { scope: 'openid' }, 'invalid_scope'],
    ['what outlives it', machine, { scope: 'offline_access' }, 'invalid_scope'],
    ['a malformed scope', machine, { scope: '"' }, 'invalid_scope'],
    ['no scope in so many words', machine, { scope: ' ' }, 'invalid_scope'],
    ['a resource of which it has no scope', machine, { resource: stock }, 'invalid_target'],
    ['a resource that has no scopes', machine, { resource: plain }, 'invalid_target'],
    ['the issuer, of which it has no scope', machine, { resource: 'ISSUER' }, 'invalid_target'],
    ['a resource, of a program without scopes', bare, { resource: orders }, 'invalid_target'],
  ])('%s: refused', async (_what, client, form, error) => {
    const resource = form['resource'] === 'ISSUER' ? signet.issuer : form['resource'];
    const { status, body } = await ask(client, { ...form, ...(resource && { resource }) });
    expect([status, body.error]).toEqual([400, error]);
  });

  test('two resources that are named: one token for both', async () => {
    const params = new URLSearchParams({ grant_type: 'client_credentials' });
    params.append('resource', orders);
    params.append('resource', stock);
    params.append('client_id', both.client_id);
    params.append('client_secret', both.client_secret);
    const response = await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', body: params });
    const { access_token: token } = (await response.json()) as { access_token: string };
    expect(claimsOf(token)).toMatchObject({ aud: [orders, stock], scope: 'orders:read stock:read shared:read' });
  });
});

describe('who gets none', () => {
  test('a client that is not registered for it, a wrong secret, nobody', async () => {
    expect((await ask(webClient)).body.error).toBe('unauthorized_client');
    const wrong = await ask({ ...machine, client_secret: 'wrong' });
    expect([wrong.status, wrong.body.error]).toEqual([401, 'invalid_client']);
    const none = await fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: machine.client_id }),
    });
    expect(none.status).toBe(401);
  });

  test('a public client cannot be registered for it', async () => {
    const client = {
      client_id: 'open',
      grant_types: ['client_credentials' as const],
      token_endpoint_auth_method: 'none' as const,
    };
    await expect(signet.provision({ clients: [client] })).rejects.toThrow('cannot be of a public client');
  });

  test('a client whose id is, or looks like, that of a person: an API takes sub for one', async () => {
    const [alice] = await query<{ id: string }>(signet.database.url, `SELECT id FROM users WHERE username = 'alice'`);
    for (const id of [alice!.id, alice!.id.toUpperCase()])
      await expect(signet.provision({ clients: [{ ...machine, client_id: id }] })).rejects.toThrow('looks like the id');
  });

  test('a public client that got past the rules', async () => {
    const odd = { ...machine, client_id: 'odd' };
    await signet.provision({ clients: [odd] });
    await query(
      signet.database.url,
      `UPDATE clients SET metadata = metadata || '{"token_endpoint_auth_method":"none"}', secret_mac = NULL WHERE id = 'odd'`,
    );
    const second = await startSignet({ beside: signet });
    try {
      const params = { grant_type: 'client_credentials' };
      const { body } = await tokenRequest({ issuer: second.server.url }, { client_id: 'odd' }, params);
      expect(body.error).toBe('unauthorized_client');
    } finally {
      await second.stop();
    }
  });

  test('a client that was disabled, at once', async () => {
    const gone = { ...machine, client_id: 'gone' };
    await signet.provision({ clients: [gone] });
    expect((await ask(gone)).status).toBe(200);
    await signet.provision({ clients: [{ ...gone, disabled: true }] });
    expect((await ask(gone)).body.error).toBe('invalid_client');
  });
});

test('it is of no use where a person is meant: UserInfo, the account API', async () => {
  const { access_token: token } = (await ask(bare)).body;
  expect((await getUserinfo(signet, token)).status).toBe(401);
  const factors = await fetch(`${signet.issuer}/auth/mfa`, { headers: { authorization: `Bearer ${token}` } });
  expect(factors.status).toBe(401);
});

test('a resource that was registered a moment ago, on another process: its scopes are its own', async () => {
  const second = await startSignet({ beside: signet });
  try {
    const late = { ...machine, client_id: 'late', scope: 'late:read' };
    const params = { grant_type: 'client_credentials' };
    await second.provision({ clients: [{ ...machine, client_id: 'early' }] });
    await tokenRequest({ issuer: second.server.url }, { ...machine, client_id: 'early' }, params);
    await signet.provision({
      clients: [late],
      resources: [{ identifier: 'https://late.example', scopes: ['late:read'] }],
    });
    const { body } = await tokenRequest({ issuer: second.server.url }, late, params);
    expect(claimsOf(body.access_token)).toMatchObject({ aud: 'https://late.example', scope: 'late:read' });
  } finally {
    await second.stop();
  }
});

test('a scope that no resource has is looked for again, once a second, and nothing is read again for others', async () => {
  const statements: string[] = [];
  let machineTime = Date.now();
  const watched = await startSignet({
    beside: signet,
    observe: ({ text }) => void statements.push(text),
    machineClock: () => machineTime,
  });
  try {
    const odd = { ...machine, client_id: 'unowned', scope: 'orders:read unowned:scope' };
    await signet.provision({ clients: [odd] });
    const params = { grant_type: 'client_credentials' };
    for (const client of [odd, machine]) await tokenRequest({ issuer: watched.server.url }, client, params);
    statements.length = 0;
    for (let nth = 0; nth < 6; nth += 1) {
      machineTime += 501;
      const { body } = await tokenRequest({ issuer: watched.server.url }, odd, params);
      expect(claimsOf(body.access_token)).toMatchObject({ aud: orders, scope: 'orders:read' });
    }
    const resources = () => statements.filter((text) => /from "?resources"?/i.test(text)).length;
    expect(resources()).toBe(3);
    await tokenRequest({ issuer: watched.server.url }, machine, params);
    expect(resources()).toBe(3);
  } finally {
    await watched.stop();
  }
});

test('a default resource is for programs that have its scopes, and for scopes that no resource has', async () => {
  const tenant = { slug: 'defaulted', name: 'Defaulted' };
  const settings = { default_resource: stock };
  await signet.provision({ tenant, settings, clients: [machine, bare], resources });
  const at = { issuer: `${signet.issuer}/t/defaulted` };
  const params = { grant_type: 'client_credentials' };
  const own = await tokenRequest(at, machine, params);
  expect(claimsOf(own.body.access_token)).toMatchObject({ aud: orders, scope: 'orders:read orders:write' });
  expect((await tokenRequest(at, bare, params)).body.error).toBe('invalid_target');
});

test('a scope that was taken from the registration is not in the next token', async () => {
  const narrowed = { ...machine, client_id: 'narrowed' };
  await signet.provision({ clients: [narrowed] });
  await signet.provision({ clients: [{ ...narrowed, scope: 'orders:read' }] });
  expect((await ask(narrowed)).body.scope).toBe('orders:read');
  expect((await ask(narrowed, { scope: 'orders:write' })).body.error).toBe('invalid_scope');
});
