// Use case 3, microservices: a gateway signs people in, and two services check the same token, each for itself.
import { createServer, request as rawRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startGateway } from '../../examples/services/gateway.ts';
import { shop as audience } from '../../examples/services/shop.ts';
import { signInAt } from '../../examples/services/sign-in.ts';
import { startUsers } from '../../examples/services/users.ts';
import { createWorker } from '../../examples/services/worker.ts';
import { freePort } from '../../src/testing/start.ts';
import { query } from '../support/database.ts';
import { api, backend, logIn, postJson } from '../support/first-party.ts';
import { alice, bob, claimsOf, tokenRequest } from '../support/flow.ts';
import { bearer, codeOf } from '../support/second-factors.ts';
import {
  callService,
  gatewayClient,
  orders as ordersAudience,
  type Shop,
  shopWorld,
  startShop,
  usersClient,
  workerClient,
} from '../support/services.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let shop: Shop;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...shopWorld,
      clients: [...shopWorld.clients, backend],
      resources: [...shopWorld.resources, api],
      users: [...shopWorld.users, { ...bob, email: 'bob@example.com' }],
    },
    config: { trustProxy: ['127.0.0.1', '::1'] },
  });
  shop = await startShop(signet.issuer);
});
afterAll(async () => {
  await shop?.stop();
  await signet.stop();
});

/** POST /gateway/auth. */
const enter = (user: object, gateway = shop.gateway) => postJson(`${gateway}/gateway/auth`, user);
const subjectOf = (token: string) => claimsOf(token)['sub'] as string;
/** A token of the gateway's client, which gets what is asked for. */
const tokenFor = async (scope: string, user = alice) => {
  const { client_id, client_secret } = gatewayClient;
  return (await logIn(signet, user, { client_id, client_secret, resource: audience, scope })).body.access_token;
};

describe('right', () => {
  test('the gateway gives a token for the services, the user service asks the order service with the same one', async () => {
    const { status, headers, body } = await enter(alice);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      scope: 'users:read orders:read',
      device: expect.any(String),
    });
    const token = body.access_token;
    const id = subjectOf(token);
    expect(claimsOf(token)).toMatchObject({ iss: signet.issuer, aud: audience, client_id: 'shop-gateway' });
    const orders = [{ id: 1, userId: id, item: 'A lamp' }];
    expect(await callService(`${shop.gateway}/users/${id}`, token)).toMatchObject({
      status: 200,
      body: { id, orders },
    });
    expect(await callService(`${shop.users}/users/${id}`, token)).toMatchObject({ status: 200, body: { id, orders } });
    const direct = await callService(`${shop.orders}/orders?userId=${id}`, token);
    expect(direct).toMatchObject({ status: 200, body: { orders } });
  });

  test('the worker asks once for many calls, sees everybody’s orders, and is nobody for the user service', async () => {
    const { client_id: clientId, client_secret: clientSecret } = workerClient;
    const worker = await createWorker({ issuer: signet.issuer, clientId, clientSecret, orders: shop.orders });
    const found = await Promise.all(['1', '2', '3'].map((userId) => worker.ordersOf(userId)));
    expect(found.flat()).toHaveLength(3);
    expect(worker.tokensAsked).toBe(1);
    const { body } = await tokenRequest(signet, workerClient, {
      grant_type: 'client_credentials',
      resource: audience,
    });
    const refused = await callService(`${shop.users}/users/shop-worker`, body.access_token);
    expect([refused.status, refused.challenge]).toEqual([403, expect.stringContaining('insufficient_scope')]);
  });

  test('the worker has another token before the first one ends, and after one that was refused', async () => {
    const { client_id: clientId, client_secret: clientSecret } = workerClient;
    let answer = 200;
    const orders = createServer((_request, response) => response.writeHead(answer).end('{"orders":[]}'));
    await new Promise<void>((resolve) => orders.listen(0, '127.0.0.1', resolve));
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const there = `http://127.0.0.1:${(orders.address() as AddressInfo).port}`;
      const worker = await createWorker({ issuer: signet.issuer, clientId, clientSecret, orders: there });
      await worker.ordersOf('1');
      vi.setSystemTime(Date.now() + 719_000);
      await worker.ordersOf('1');
      expect(worker.tokensAsked).toBe(1);
      vi.setSystemTime(Date.now() + 2000);
      await worker.ordersOf('1');
      expect(worker.tokensAsked).toBe(2);
      answer = 401;
      await expect(worker.ordersOf('1')).rejects.toThrow('401');
      answer = 200;
      await worker.ordersOf('1');
      expect(worker.tokensAsked).toBe(3);
    } finally {
      vi.useRealTimers();
      orders.close();
    }
  });
});

describe('refused by the services', () => {
  test('without a token: 401 and nothing said of errors', async () => {
    const refused = { status: 401, challenge: `Bearer realm="${audience}"` };
    expect(await callService(`${shop.gateway}/users/1`)).toMatchObject(refused);
    expect(await callService(`${shop.users}/users/1`)).toMatchObject(refused);
    expect(await callService(`${shop.orders}/orders?userId=1`)).toMatchObject(refused);
  });

  test('a token without the scope: 403, and the challenge names what is missing', async () => {
    const token = await tokenFor('users:read');
    const lacking = (scope: string) => ({
      status: 403,
      challenge: `Bearer realm="${audience}", error="insufficient_scope", error_description="This needs the scope ${scope}.", scope="${scope}"`,
    });
    const id = subjectOf(token);
    expect(await callService(`${shop.orders}/orders?userId=${id}`, token)).toMatchObject(lacking('orders:read'));
    const both = lacking('users:read orders:read');
    expect(await callService(`${shop.gateway}/users/${id}`, token)).toMatchObject(both);
  });

  test('a token for another API, and one for Signet itself: 401', async () => {
    const { client_id, client_secret } = backend;
    const named = { client_id, client_secret };
    const elsewhere = (await logIn(signet, alice, { ...named, resource: api.identifier, scope: 'orders:read' })).body;
    const own = (await logIn(signet, alice)).body;
    for (const { access_token } of [elsewhere, own])
      for (const url of [`${shop.users}/users/1`, `${shop.orders}/orders?userId=1`, `${shop.gateway}/users/1`]) {
        const { status, challenge } = await callService(url, access_token);
        expect([status, challenge]).toEqual([
          401,
          expect.stringContaining('The access token is for another audience.'),
        ]);
      }
  });

  test('what belongs to somebody else: 403', async () => {
    const token = await tokenFor('users:read orders:read');
    const other = subjectOf(await tokenFor('users:read', bob));
    expect((await callService(`${shop.gateway}/users/${other}`, token)).status).toBe(403);
    expect((await callService(`${shop.orders}/orders?userId=${other}`, token)).status).toBe(403);
    expect((await callService(`${shop.orders}/orders`, token)).status).toBe(400);
  });

  test('a token that ends on the way to the order service is 401 for the client, and a service that is away 502', async () => {
    let answer = 401;
    const orders = createServer((_request, response) =>
      response.writeHead(answer, { 'www-authenticate': 'Bearer error="invalid_token"' }).end('{}'),
    );
    await new Promise<void>((resolve) => orders.listen(0, '127.0.0.1', resolve));
    const there = `http://127.0.0.1:${(orders.address() as AddressInfo).port}`;
    const users = await startUsers({ issuer: signet.issuer, orders: there, port: await freePort() });
    const token = await tokenFor('users:read orders:read');
    const ask = () => callService(`${users.url}/users/${subjectOf(token)}`, token);
    expect(await ask()).toMatchObject({ status: 401, challenge: 'Bearer error="invalid_token"' });
    answer = 500;
    expect(await ask()).toMatchObject({ status: 502, challenge: null });
    orders.close();
    orders.closeAllConnections();
    expect(await ask()).toMatchObject({ status: 502 });
    await users.stop();
  });

  test('the token goes nowhere but below /users/ of the user service', async () => {
    let came = 0;
    const elsewhere = createServer((_request, response) => {
      came += 1;
      response.end('{}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { host } = new URL(`http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`);
    const statusOf = (path: string) =>
      new Promise<number>((resolve, reject) => {
        const sent = rawRequest(shop.gateway, { path, headers: bearer('x.y.z') }, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        });
        sent.on('error', reject).end();
      });
    for (const path of [`http://${host}/users/1`, '/users/../orders', '/users/%2e%2e/orders', '/orders'])
      expect(await statusOf(path), path).toBe(404);
    elsewhere.close();
    expect(came).toBe(0);
  });
});

describe('refused by the gateway', () => {
  const problem = (status: number, code: string) => ({ status, body: expect.objectContaining({ code }) as unknown });

  test.each([
    ['a wrong password', { ...alice, password: 'not the right one, no' }, 401, 'wrong_credentials'],
    ['no password', { username: 'alice' }, 400, 'invalid_input'],
    ['a list for a name', { ...alice, username: ['alice'] }, 400, 'invalid_input'],
  ])('%s', async (_what, user, status, code) => {
    expect(await enter(user)).toMatchObject(problem(status, code));
  });

  test('a body that is too long, and one that is no JSON', async () => {
    expect((await enter({ ...alice, password: 'x'.repeat(5000) })).status).toBe(413);
    const headers = { 'content-type': 'text/plain' };
    const text = await fetch(`${shop.gateway}/gateway/auth`, { method: 'POST', headers, body: 'alice' });
    expect(text.status).toBe(400);
  });

  test('too many guesses: 429 with Retry-After; who asks from elsewhere with the device comes in', async () => {
    const user = { username: 'carol', password: 'a pass phrase of carol' };
    await signet.provision({ users: [user] });
    const { device } = (await enter(user)).body;
    for (let guess = 0; guess < 6; guess += 1) await enter({ ...user, password: 'not the right one, no' });
    const refused = await enter(user);
    expect(refused).toMatchObject(problem(429, 'too_many_attempts'));
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await enter({ ...user, device })).status).toBe(200);
  });

  test('who has a second factor: 403, and no partial token', async () => {
    const user = { username: 'dave', password: 'a pass phrase of dave' };
    await signet.provision({ users: [user] });
    const fresh = bearer((await logIn(signet, user)).body.token);
    const { secret } = (await postJson(`${signet.issuer}/auth/mfa/totp`, {}, fresh)).body;
    const confirmed = { code: codeOf(secret, signet.clock.now) };
    expect((await postJson(`${signet.issuer}/auth/mfa/totp/confirm`, confirmed, fresh)).status).toBe(200);
    const refused = await enter(user);
    expect(refused).toMatchObject(problem(403, 'second_factor_required'));
    expect(refused.text).not.toContain('ey');
  });

  test('guesses are counted by the address that the gateway names, where Signet believes it', async () => {
    const { client_id: clientId, client_secret: clientSecret } = gatewayClient;
    const signIn = signInAt(
      { issuer: signet.issuer, clientId, clientSecret },
      { resource: audience, scope: 'users:read' },
    );
    const stranger = { username: 'nobody-at-all', password: 'not the right one, no' };
    expect((await signIn(stranger, '203.0.113.9')).refusal?.code).toBe('wrong_credentials');
    const found = `SELECT count(*)::int AS count FROM audit_events WHERE ip = '203.0.113.9'`;
    expect(await query(signet.database.url, found)).toEqual([{ count: 1 }]);
  });

  test('a gateway with a wrong secret says 502 to people, and why to its log', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const client = { clientId: gatewayClient.client_id, clientSecret: 'x'.repeat(32) };
    const { issuer } = signet;
    const gateway = await startGateway({ issuer, ...client, users: shop.users, port: await freePort() });
    expect(await enter(alice, gateway.url)).toMatchObject(problem(502, 'bad_gateway'));
    expect(log).toHaveBeenCalledWith(expect.stringContaining('401 invalid_client'));
    log.mockRestore();
    await gateway.stop();
  });
});

describe('by exchange', () => {
  let apart: Shop;
  beforeAll(async () => {
    await signet.provision({
      resources: [{ identifier: ordersAudience, scopes: ['orders:read'] }],
      clients: [usersClient],
    });
    apart = await startShop(signet.issuer, '127.0.0.1', true);
  });
  afterAll(() => apart.stop());

  test('the user service gets a token for the order service alone, which says for whom and through whom', async () => {
    const { access_token: token } = (await enter(alice, apart.gateway)).body;
    const id = subjectOf(token);
    expect(await callService(`${apart.gateway}/users/${id}`, token)).toMatchObject({
      status: 200,
      body: { id, orders: [{ id: 1, userId: id, item: 'A lamp' }] },
    });
    const [event] = await query<{ data: object; user_id: string }>(
      signet.database.url,
      `SELECT data, user_id FROM audit_events WHERE type = 'token.exchanged' AND user_id = $1`,
      [id],
    );
    expect(event!.data).toEqual({
      subject_client: 'shop-gateway',
      from: audience,
      actor: 'shop-users',
      to: ordersAudience,
      scopes: ['orders:read'],
    });
  });

  test('the token of the shop opens the user service alone', async () => {
    const { access_token: token } = (await enter(alice, apart.gateway)).body;
    const { status, challenge } = await callService(`${apart.orders}/orders?userId=${subjectOf(token)}`, token);
    expect([status, challenge]).toEqual([401, expect.stringContaining('for another audience')]);
  });

  test('a token without the scope gets nothing in exchange, and an application that asks for none keeps it so', async () => {
    const token = await tokenFor('users:read');
    expect((await callService(`${apart.users}/users/${subjectOf(token)}`, token)).status).toBe(403);
  });

  test('a user service whose client is disabled says 502, and the shop goes on without exchange', async () => {
    const { access_token: token } = (await enter(alice, apart.gateway)).body;
    await signet.provision({ clients: [{ ...usersClient, disabled: true }] });
    expect((await callService(`${apart.users}/users/${subjectOf(token)}`, token)).status).toBe(502);
    expect((await callService(`${shop.users}/users/${subjectOf(token)}`, token)).status).toBe(200);
    await signet.provision({ clients: [{ ...usersClient, disabled: false }] });
    expect((await callService(`${apart.users}/users/${subjectOf(token)}`, token)).status).toBe(200);
  });
});

describe('without Signet', () => {
  test('a service that exchanges says 503 for what it has not exchanged yet, and goes on with what it has', async () => {
    const away = await startSignet({
      provision: {
        ...shopWorld,
        resources: [...shopWorld.resources, { identifier: ordersAudience, scopes: ['orders:read'] }],
        clients: [...shopWorld.clients, usersClient],
      },
    });
    const running = await startShop(away.issuer, '127.0.0.1', true);
    const [known, unknown] = [(await enter(alice, running.gateway)).body, (await enter(alice, running.gateway)).body];
    const url = `${running.users}/users/${subjectOf(known.access_token)}`;
    expect((await callService(url, known.access_token)).status).toBe(200);
    await away.stop();
    expect((await callService(url, known.access_token)).status).toBe(200);
    const answer = await fetch(url, { headers: bearer(unknown.access_token) });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    await running.stop();
  });

  test('services validate what they have the keys for; nobody new comes in; a service that never had keys says 503', async () => {
    const away = await startSignet({ provision: shopWorld });
    const running = await startShop(away.issuer);
    const { access_token: token } = (await enter(alice, running.gateway)).body;
    const id = subjectOf(token);
    // Of the same hour: with it comes the status list.
    const { access_token: before } = (await enter(alice, running.gateway)).body;
    expect((await callService(`${running.gateway}/users/${id}`, before)).status).toBe(200);
    await away.stop();

    // Neither of them has seen this token before.
    expect((await callService(`${running.gateway}/users/${id}`, token)).status).toBe(200);
    const forged = `${token.slice(0, -10)}AAAAAAAAAA`;
    expect((await callService(`${running.orders}/orders?userId=${id}`, forged)).status).toBe(401);
    const refused = await enter(alice, running.gateway);
    expect([refused.status, refused.body.code]).toEqual([503, 'temporarily_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('5');
    await running.stop();

    const warning = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const late = await startShop(away.issuer);
    expect(warning).toHaveBeenCalledTimes(2);
    warning.mockRestore();
    const answer = await fetch(`${late.gateway}/users/${id}`, { headers: bearer(token) });
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true]);
    await late.stop();
  });

  test('the gateway says that a service is away', async () => {
    const { client_id: clientId, client_secret: clientSecret } = gatewayClient;
    const nowhere = `http://localhost:${await freePort()}`;
    const { issuer } = signet;
    const gateway = await startGateway({ issuer, clientId, clientSecret, users: nowhere, port: await freePort() });
    expect((await callService(`${gateway.url}/users/1`, 'x')).status).toBe(502);
    await gateway.stop();
  });
});
