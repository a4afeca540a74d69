// Token introspection (RFC 7662): who may ask, what is told, and that nothing stands that has ended.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  alice,
  authorizationRequest,
  basic,
  claimsOf,
  codeFlow,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const orders = 'https://orders.example/api';
const secret = 'a-secret-that-has-at-least-32-characters';
const api = { client_id: 'orders-api', client_secret: secret, grant_types: [], response_types: [], serves: [orders] };
const other = { ...api, client_id: 'stock-api', serves: ['https://stock.example/api'] };
const machine = {
  client_id: 'machine',
  client_secret: secret,
  grant_types: ['client_credentials' as const],
  response_types: [],
  scope: 'orders:read',
};
const shop = {
  ...webClient,
  client_id: 'shop',
  scope: 'openid profile offline_access orders:read',
  redirect_uris: ['https://shop.example/cb'],
};

let signet: TestSignet;
let second: TestSignet;
beforeAll(async () => {
  const resources = [{ identifier: orders, scopes: ['orders:read'] }];
  const clients = [...world.clients, api, other, machine, shop];
  signet = await startSignet({ provision: { ...world, clients, resources } });
  second = await startSignet({ beside: signet });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
});

type Answer = { status: number; headers: Headers; body: Record<string, unknown> };
async function ask(
  client: { client_id: string; client_secret?: string },
  token: string,
  more = {},
  at = signet,
): Promise<Answer> {
  const response = await fetch(`${at.server.url}/oauth/introspect`, {
    method: 'POST',
    headers: client.client_secret ? { authorization: basic(client.client_id, client.client_secret) } : {},
    body: new URLSearchParams({ token, ...(client.client_secret ? {} : { client_id: client.client_id }), ...more }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
}
const signIn = (change: Record<string, string> = {}) => codeFlow(signet, shop, { change });
const forOrders = () => signIn({ scope: 'openid profile orders:read', resource: orders });
const machineToken = async (client = machine) =>
  (await tokenRequest(signet, client, { grant_type: 'client_credentials' })).body.access_token;
const inactive = { active: false };

test('a person’s access token: what it says, to the client that got it and to the API that it is for; to nobody else', async () => {
  const { tokens } = await forOrders();
  const claims = claimsOf(tokens.access_token);
  for (const client of [shop, api]) {
    const { status, headers, body } = await ask(client, tokens.access_token);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({ active: true, token_type: 'Bearer', ...without(claims, 'grant_id') });
    expect(body).toMatchObject({ iss: signet.issuer, aud: orders, client_id: 'shop', scope: 'orders:read' });
  }
  for (const client of [other, webClient, machine])
    expect((await ask(client, tokens.access_token)).body).toEqual(inactive);
});

test('a program’s access token: to itself and to the API', async () => {
  const token = await machineToken();
  for (const client of [machine, api])
    expect((await ask(client, token)).body).toMatchObject({ active: true, sub: 'machine', aud: orders });
  for (const client of [other, shop]) expect((await ask(client, token)).body).toEqual(inactive);
});

test('a refresh token: to its own client alone, and not to the API', async () => {
  const { tokens } = await signIn({ scope: 'openid offline_access orders:read', resource: orders });
  const { body } = await ask(shop, tokens.refresh_token, { token_type_hint: 'access_token' });
  expect(body).toMatchObject({ active: true, client_id: 'shop', scope: 'openid offline_access orders:read' });
  expect(Object.keys(body).toSorted()).toEqual(['active', 'client_id', 'exp', 'iss', 'scope', 'sid', 'sub']);
  for (const client of [api, webClient]) expect((await ask(client, tokens.refresh_token)).body).toEqual(inactive);
});

describe('what has ended does not stand, on every process', () => {
  const both = async (token: string) => [
    (await ask(shop, token)).body,
    (await ask(api, token)).body,
    (await ask(api, token, {}, second)).body,
  ];
  const none = [inactive, inactive, inactive];

  test('expired', async () => {
    const { tokens } = await forOrders();
    signet.clock.advance(900);
    expect(await both(tokens.access_token)).toEqual(none);
  });

  test('its refresh token is revoked', async () => {
    const { tokens } = await forOrders();
    await fetch(`${signet.issuer}/oauth/revoke`, {
      method: 'POST',
      headers: { authorization: basic(shop.client_id, shop.client_secret) },
      body: new URLSearchParams({ token: tokens.refresh_token }),
    });
    expect(await both(tokens.access_token)).toEqual(none);
    expect((await ask(shop, tokens.refresh_token)).body).toEqual(inactive);
  });

  test('it was revoked by itself, of a person and of a program', async () => {
    const give = (client: { client_id: string; client_secret: string }, token: string) =>
      fetch(`${signet.issuer}/oauth/revoke`, {
        method: 'POST',
        headers: { authorization: basic(client.client_id, client.client_secret) },
        body: new URLSearchParams({ token }),
      });
    const { tokens } = await forOrders();
    await give(shop, tokens.access_token);
    expect(await both(tokens.access_token)).toEqual(none);
    expect((await ask(shop, tokens.refresh_token)).body).toMatchObject({ active: true });
    const [one, other] = [await machineToken(), await machineToken()];
    await give(machine, one);
    expect([(await ask(api, one)).body, (await ask(api, other)).body]).toEqual([
      inactive,
      expect.objectContaining({ active: true }),
    ]);
  });

  test('its session is over', async () => {
    const { tokens, agent } = await forOrders();
    const page = await agent.get(`${signet.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    expect(page.status).toBeLessThan(400);
    expect(await both(tokens.access_token)).toEqual(none);
    expect((await ask(shop, tokens.refresh_token)).body).toEqual(inactive);
  });

  test('its session was not used for a day', async () => {
    const { tokens } = await forOrders();
    expect((await ask(shop, tokens.refresh_token)).body).toMatchObject({ active: true });
    signet.clock.advance(24 * 3600);
    expect((await ask(shop, tokens.refresh_token)).body).toEqual(inactive);
  });

  test('its user is disabled', async () => {
    const { tokens } = await forOrders();
    await signet.provision({ users: [{ ...alice, disabled: true }] });
    expect(await both(tokens.access_token)).toEqual(none);
    expect((await ask(shop, tokens.refresh_token)).body).toEqual(inactive);
    await signet.provision({ users: [{ ...alice, disabled: false }] });
    expect(await both(tokens.access_token)).toEqual(none);
  });

  test('its client is disabled', async () => {
    const gone = { ...machine, client_id: 'gone' };
    await signet.provision({ clients: [gone] });
    const token = await machineToken(gone);
    expect((await ask(api, token)).body).toMatchObject({ active: true });
    await signet.provision({ clients: [{ ...gone, disabled: true }] });
    expect((await ask(api, token)).body).toEqual(inactive);
  });

  test('what was taken from the registration since: scopes, the grant', async () => {
    const narrowed = { ...machine, client_id: 'narrowed', scope: 'orders:read orders:write' };
    await signet.provision({
      clients: [narrowed],
      resources: [{ identifier: orders, scopes: ['orders:read', 'orders:write'] }],
    });
    const token = await machineToken(narrowed);
    expect((await ask(api, token)).body).toMatchObject({ active: true, scope: 'orders:read orders:write' });
    await signet.provision({ clients: [{ ...narrowed, scope: 'orders:read' }] });
    expect((await ask(api, token)).body).toMatchObject({ active: true, scope: 'orders:read' });
    await signet.provision({ clients: [{ ...narrowed, scope: 'other' }] });
    expect((await ask(api, token)).body).toEqual(inactive);
    await signet.provision({ clients: [{ ...narrowed, grant_types: [] }] });
    expect((await ask(api, token)).body).toEqual(inactive);
  });

  test('a refresh token that was rotated', async () => {
    const { tokens } = await signIn({ scope: 'openid offline_access' });
    const rotated = { ...shop, client_id: 'rotating', refresh_token_rotation: true };
    await signet.provision({ clients: [rotated] });
    const { tokens: first } = await codeFlow(signet, rotated, {});
    const { body } = await tokenRequest(signet, rotated, {
      grant_type: 'refresh_token',
      refresh_token: first.refresh_token,
    });
    expect((await ask(rotated, first.refresh_token)).body).toEqual(inactive);
    expect((await ask(rotated, body.refresh_token)).body).toMatchObject({ active: true });
    expect((await ask(shop, tokens.refresh_token)).body).toMatchObject({ active: true });
  });
});

describe('what is no token of this issuer', () => {
  test.each([
    ['nothing like one', () => 'nonsense'],
    ['an ID token', async () => (await forOrders()).tokens.id_token],
    ['a token with another signature', async () => `${(await machineToken()).slice(0, -6)}AAAAAA`],
    ['one of another tenant', async () => otherTenants()],
    ['a code', async () => new URL(authorizationRequest(signet, shop).url).searchParams.get('state')!],
    ['a very long one', () => 'x'.repeat(20_000)],
  ])('%s', async (_what, token) => {
    for (const client of [api, shop, machine]) expect((await ask(client, await token())).body).toEqual(inactive);
  });

  async function otherTenants(): Promise<string> {
    await signet.provision({
      tenant: { slug: 'acme', name: 'Acme' },
      clients: [machine],
      resources: [{ identifier: orders, scopes: ['orders:read'] }],
    });
    const response = await fetch(`${signet.issuer}/t/acme/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(machine.client_id, secret) },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }
});

describe('who may ask', () => {
  test('nobody without a proof: 401, also for a public client', async () => {
    const open = {
      client_id: 'open',
      token_endpoint_auth_method: 'none' as const,
      redirect_uris: ['https://open.example/cb'],
    };
    await signet.provision({ clients: [open] });
    const token = await machineToken();
    for (const client of [
      { client_id: 'open' },
      { client_id: 'machine' },
      { ...api, client_secret: 'wrong' },
      { client_id: 'x' },
    ])
      expect((await ask(client, token)).status).toBe(401);
    const anonymous = await fetch(`${signet.issuer}/oauth/introspect`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    expect(anonymous.status).toBe(401);
  });

  test('a request that is none: 400', async () => {
    const headers = { authorization: basic(api.client_id, secret) };
    for (const body of ['', 'token=', 'token=a&token=b'])
      expect(
        (
          await fetch(`${signet.issuer}/oauth/introspect`, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
            body,
          })
        ).status,
      ).toBe(400);
  });

  test('what a client serves is a resource, and no public client serves one', async () => {
    await expect(signet.provision({ clients: [{ ...api, client_id: 'bad', serves: ['orders'] }] })).rejects.toThrow(
      'absolute URI',
    );
    const open = {
      client_id: 'open-api',
      token_endpoint_auth_method: 'none' as const,
      redirect_uris: ['https://open.example/cb'],
      serves: [orders],
    };
    await expect(signet.provision({ clients: [open] })).rejects.toThrow('cannot be of a public client');
    for (const serves of [[signet.issuer], [orders, `${signet.issuer}/admin/api`]])
      await expect(signet.provision({ clients: [{ ...api, client_id: 'self', serves }] })).rejects.toThrow(
        'is the issuer',
      );
  });
});

function without(claims: Record<string, unknown>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
}
