// Scopes and resources (RFC 8707): what may be asked, what is granted, and for whom the token is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  authorizationRequest,
  authorizeInteractively,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  tokenRequest,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

const orders = 'https://orders.example/api';
const stock = 'urn:example:stock';
const shop = {
  client_id: 'shop',
  client_secret: 'a-secret-that-has-at-least-32-characters',
  redirect_uris: ['https://shop.example/cb'],
  scope: 'openid profile orders:read orders:write stock:read',
};
const reader = {
  ...shop,
  client_id: 'reader',
  scope: 'openid orders:read',
  grant_types: ['authorization_code' as const],
};
/** Every scope the client is registered for. */
const all = { scope: shop.scope };
const resources = [
  { identifier: orders, scopes: ['orders:read', { name: 'orders:write', description: 'Change orders' }] },
  { identifier: stock, scopes: ['stock:read'] },
];

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [shop, reader], resources } });
});
afterAll(() => signet.stop());

describe('scope', () => {
  test.each([
    // An ID token, and what goes on while the person is away, are given only to who asks for them.
    [undefined, 'profile orders:read orders:write stock:read'],
    ['', 'profile orders:read orders:write stock:read'],
    ['openid', 'openid'],
    ['orders:read', 'orders:read'],
    ['openid email unheard_of orders:read', 'openid orders:read'],
    ['openid openid profile', 'openid profile'],
    ['openid offline_access', 'openid'],
  ])('asked %s: granted %s', async (scope, granted) => {
    const { tokens } = await codeFlow(signet, shop, { change: { scope } });
    expect(tokens.scope).toBe(granted);
    expect(claimsOf(tokens.access_token)['scope']).toBe(granted);
    expect('id_token' in tokens).toBe(granted.includes('openid'));
  });
});

describe('resource', () => {
  test('none asked: the token is for the issuer', async () => {
    const { tokens } = await codeFlow(signet, shop);
    expect(claimsOf(tokens.access_token)['aud']).toBe(signet.issuer);
  });

  test('one asked: its audience and its scopes only, and UserInfo does not take the token', async () => {
    const { tokens } = await codeFlow(signet, shop, { change: { ...all, resource: orders } });
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: orders, scope: 'orders:read orders:write' });
    expect(tokens.scope).toBe('orders:read orders:write');
    expect(claimsOf(tokens.id_token)['aud']).toBe('shop');
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(401);
  });

  test('the issuer asked: the scopes that belong to no resource', async () => {
    const { tokens } = await codeFlow(signet, shop, { change: { ...all, resource: signet.issuer } });
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: signet.issuer, scope: 'openid profile' });
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
  });

  test('two granted: a code and a refresh may narrow to one of them, not widen to a third', async () => {
    const asked = authorizationRequest(signet, shop, all);
    const url = `${asked.url}&resource=${encodeURIComponent(orders)}&resource=${encodeURIComponent(stock)}`;
    const agent = await signIn(signet);
    const code = (await authorizeInteractively(agent, { url })).get('code')!;
    const form = { grant_type: 'authorization_code', code, code_verifier: asked.verifier };
    const wider = await tokenRequest(signet, shop, { ...form, resource: signet.issuer });
    expect([wider.status, wider.body.error]).toEqual([400, 'invalid_target']);
    const { body: tokens } = await tokenRequest(signet, shop, { ...form, resource: stock });
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: stock, scope: 'stock:read' });
    const both = await refresh(signet, shop, tokens.refresh_token);
    expect(claimsOf(both.body.access_token)['aud']).toEqual([orders, stock]);
    const other = await refresh(signet, shop, tokens.refresh_token, { resource: orders });
    expect(claimsOf(other.body.access_token)).toMatchObject({ aud: orders, scope: 'orders:read orders:write' });
    const third = await refresh(signet, shop, tokens.refresh_token, { resource: signet.issuer });
    expect(third.body.error).toBe('invalid_target');
  });

  test('none granted: a token request may name the default resource and nothing else', async () => {
    const { tokens } = await codeFlow(signet, shop);
    expect((await refresh(signet, shop, tokens.refresh_token, { resource: signet.issuer })).status).toBe(200);
    const widened = await refresh(signet, shop, tokens.refresh_token, { resource: orders });
    expect([widened.status, widened.body.error]).toEqual([400, 'invalid_target']);
  });

  test.each(['https://unknown.example', `${orders}/`, `${orders}#x`, 'orders', ' '])(
    '%s is not registered: invalid_target',
    async (resource) => {
      expect(outcomeOf(await ask(signet, await signIn(signet), shop, { resource }))).toBe('invalid_target');
    },
  );

  test('a resource adds no scope that the client may not have', async () => {
    const { tokens } = await codeFlow(signet, reader, { change: { ...all, resource: orders } });
    expect(tokens.scope).toBe('orders:read');
  });

  test('a wrong resource at the token endpoint does not spend the code', async () => {
    const asked = authorizationRequest(signet, shop);
    const code = (await authorizeInteractively(await signIn(signet), asked)).get('code')!;
    const form = { grant_type: 'authorization_code', code, code_verifier: asked.verifier };
    expect((await tokenRequest(signet, shop, { ...form, resource: orders })).body.error).toBe('invalid_target');
    expect((await exchangeCode(signet, shop, asked, code)).status).toBe(200);
  });
});

test('a default resource of the tenant is the audience when none is asked', async () => {
  await signet.provision({ settings: { default_resource: orders } });
  const { tokens } = await codeFlow(signet, shop);
  expect(claimsOf(tokens.access_token)['aud']).toBe(orders);
});
