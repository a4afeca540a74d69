// Use case 9, two domains: a token from one place is good at another, with no cookie and no store between them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn } from '../support/first-party.ts';
import { alice, claimsOf, codeFlow, ownClient } from '../support/flow.ts';
import { callService, gatewayClient, type Shop, shopWorld, startShop } from '../support/services.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let shop: Shop;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...shopWorld, clients: [...shopWorld.clients, ownClient] } });
  // The user service is at localhost, the order service at 127.0.0.1: no browser takes one for the other.
  shop = await startShop(signet.issuer, '127.0.0.1');
});
afterAll(async () => {
  await shop?.stop();
  await signet.stop();
});

/** POST https://domain-a.com/auth/login. */
const signIn = async (): Promise<{ token: string; id: string }> => {
  const { client_id, client_secret } = gatewayClient;
  const wanted = { resource: shopWorld.resources[0]!.identifier, scope: 'users:read orders:read' };
  const { body, headers } = await logIn(signet, alice, { client_id, client_secret, ...wanted });
  expect(headers.getSetCookie()).toEqual([]);
  return { token: body.token, id: claimsOf(body.token)['sub'] as string };
};

test('one token, sent as Authorization, is good at both domains; each checks it alone', async () => {
  const { token, id } = await signIn();
  const [a, b] = [`${shop.users}/users/${id}`, `${shop.orders}/orders?userId=${id}`];
  expect(new Set([a, b, signet.issuer].map((url) => new URL(url).origin)).size).toBe(3);
  expect(new URL(a).hostname).not.toBe(new URL(b).hostname);
  for (const url of [a, b]) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([200, []]);
  }
});

test('a browser that is signed in at Signet has nothing that opens either domain: only a token does', async () => {
  const { id } = await signIn();
  const { agent } = await codeFlow(signet, ownClient);
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  for (const url of [`${shop.users}/users/${id}`, `${shop.orders}/orders?userId=${id}`])
    expect((await agent.get(url)).status).toBe(401);
});

test('a token in a cookie, in the address or under another scheme is no token', async () => {
  const { token, id } = await signIn();
  const url = `${shop.orders}/orders?userId=${id}`;
  const tries: [string, Record<string, string>][] = [
    [url, { cookie: `access_token=${token}` }],
    [`${url}&access_token=${token}`, {}],
    [url, { authorization: `Basic ${token}` }],
    [url, { authorization: token }],
  ];
  for (const [address, headers] of tries) expect((await fetch(address, { headers })).status).toBe(401);
});

test('a token of another issuer that both domains can reach is good at neither', async () => {
  await signet.provision({ tenant: 'other', ...shopWorld });
  const { client_id, client_secret } = gatewayClient;
  const wanted = { resource: shopWorld.resources[0]!.identifier, scope: 'users:read orders:read' };
  const other = { issuer: `${signet.issuer}/t/other` };
  const { token } = (await logIn(other, alice, { client_id, client_secret, ...wanted })).body;
  expect(claimsOf(token)).toMatchObject({ iss: other.issuer });
  for (const url of [`${shop.users}/users/1`, `${shop.orders}/orders?userId=1`])
    expect((await callService(url, token)).status).toBe(401);
});
