// Scopes and resources (RFC 8707): what may be asked, what is granted, and for whom the token is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  authorizationRequest,
  authorizeInteractively,
  basic,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  tokenRequest,
  world,
} from '../support/flow.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

const orders = 'https://orders.example/api';
const stock = 'urn:example:stock';
/** Registered without a path; libraries ask for it with `/`. */
const root = 'http://localhost:4281';
const shop = {
  client_id: 'shop',
  client_secret: 'a-secret-that-has-at-least-32-characters',
  redirect_uris: ['https://shop.example/cb'],
  scope: 'openid profile orders:read orders:write stock:read root:read shared:read',
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
  { identifier: 'urn:example:extra', scopes: ['shared:read'] },
  { identifier: root, scopes: ['root:read', 'shared:read'] },
];

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [shop, reader], resources } });
});
afterAll(() => signet.stop());

describe('scope', () => {
  test.each([
    // An ID token, and what goes on while the person is away, are given only to who asks for them.
    [undefined, 'profile orders:read orders:write stock:read root:read shared:read'],
    ['', 'profile orders:read orders:write stock:read root:read shared:read'],
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

  test.each(['https://unknown.example', `${orders}/`, `${orders}#x`, 'orders', ' ', `${root}?x`, `${root}//`])(
    '%s is not registered: invalid_target',
    async (resource) => {
      expect(outcomeOf(await ask(signet, await signIn(signet), shop, { resource }))).toBe('invalid_target');
    },
  );

  test('an empty path and "/" are one, at authorize, token and refresh; the token has the name that is registered', async () => {
    const asked = authorizationRequest(signet, shop, { ...all, resource: `${root}/` });
    const code = (await authorizeInteractively(await signIn(signet), asked)).get('code')!;
    const form = { grant_type: 'authorization_code', code, code_verifier: asked.verifier, resource: `${root}/` };
    const { status, body } = await tokenRequest(signet, shop, form);
    expect([status, claimsOf(body.access_token)['aud']]).toEqual([200, root]);
    for (const resource of [root, `${root}/`]) {
      const again = await refresh(signet, shop, body.refresh_token, { resource });
      expect([again.status, claimsOf(again.body.access_token)['aud']]).toEqual([200, root]);
    }
    const issuer = { change: { ...all, resource: `${signet.issuer}/` } };
    expect(claimsOf((await codeFlow(signet, shop, issuer)).tokens.access_token)['aud']).toBe(signet.issuer);
  });

  test('one spelling of it is registered, not the other as well', async () => {
    const other = { identifier: `${root}/`, scopes: [] };
    await expect(signet.provision({ resources: [other] })).rejects.toThrow(/is the same as http:\/\/localhost:4281/);
    const own = { identifier: `${signet.issuer}/`, scopes: [] };
    await expect(signet.provision({ resources: [own] })).rejects.toThrow(/name of a client or of the issuer/);
  });

  test('none named: a scope of one resource alone gives a token for it, and for the issuer too with openid', async () => {
    const alone = await codeFlow(signet, shop, { change: { scope: 'orders:read orders:write' } });
    expect(claimsOf(alone.tokens.access_token)).toMatchObject({ aud: orders, scope: 'orders:read orders:write' });
    const { tokens } = await codeFlow(signet, shop, { change: { scope: 'openid profile stock:read' } });
    expect(claimsOf(tokens.access_token)).toMatchObject({
      aud: [stock, signet.issuer],
      scope: 'openid profile stock:read',
    });
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    const onlyThere = await refresh(signet, shop, tokens.refresh_token, { resource: stock });
    expect(claimsOf(onlyThere.body.access_token)).toMatchObject({ aud: stock, scope: 'stock:read' });
    const elsewhere = await refresh(signet, shop, tokens.refresh_token, { resource: orders });
    expect(elsewhere.body.error).toBe('invalid_target');
  });

  test.each(['orders:read stock:read', 'shared:read', 'openid orders:read shared:read'])(
    'none named, and %s belongs to several: invalid_target',
    async (scope) => {
      expect(outcomeOf(await ask(signet, await signIn(signet), shop, { scope }))).toBe('invalid_target');
    },
  );

  test('none named, and one resource has all of the scopes: it is meant', async () => {
    const { tokens } = await codeFlow(signet, shop, { change: { scope: 'root:read shared:read' } });
    expect(claimsOf(tokens.access_token)).toMatchObject({ aud: root, scope: 'root:read shared:read' });
  });

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

describe('what the tokens of a resource are like', () => {
  const quick = 'https://quick.example';
  const old = 'https://old.example';
  const plain = { ...shop, client_id: 'plain', scope: 'openid quick:read old:read orders:read' };
  const own = { ...plain, client_id: 'own', access_token_lifetime: 600 };
  beforeAll(async () => {
    await signet.provision({
      clients: [own, plain],
      resources: [
        {
          identifier: quick,
          scopes: ['quick:read'],
          access_token_lifetime: 60,
          access_token_signed_response_alg: 'EdDSA',
        },
        {
          identifier: old,
          scopes: ['old:read'],
          access_token_lifetime: 3600,
          access_token_type: 'JWT',
          access_token_signed_response_alg: 'RS256',
        },
      ],
    });
  });
  const headerOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0]!, 'base64url').toString()) as unknown;
  const lifeOf = (jwt: string) => Number(claimsOf(jwt)['exp']) - Number(claimsOf(jwt)['iat']);

  test('its algorithm and its shorter life count before those of the client', async () => {
    const { tokens } = await codeFlow(signet, own, { change: { scope: 'quick:read' } });
    expect(headerOf(tokens.access_token)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt' });
    expect([lifeOf(tokens.access_token), tokens.expires_in]).toEqual([60, 60]);
  });

  test('a longer life counts only where the client registered none', async () => {
    const { tokens } = await codeFlow(signet, own, { change: { scope: 'old:read' } });
    expect(lifeOf(tokens.access_token)).toBe(600);
    const other = await codeFlow(signet, plain, { change: { scope: 'old:read' } });
    expect(lifeOf(other.tokens.access_token)).toBe(3600);
  });

  test('typ JWT where the resource asks for it; introspection, revocation and UserInfo know it, and no ID token passes for it', async () => {
    const { tokens, agent } = await codeFlow(signet, own, { change: { scope: 'openid old:read' } });
    expect(headerOf(tokens.access_token)).toMatchObject({ alg: 'RS256', typ: 'JWT' });
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    expect((await getUserinfo(signet, tokens.id_token)).status).toBe(401);
    const post = (endpoint: string, token: string) => {
      const authorization = basic(own.client_id, own.client_secret);
      const request = { method: 'POST', headers: { authorization }, body: new URLSearchParams({ token }) };
      return fetch(`${signet.issuer}/oauth/${endpoint}`, request);
    };
    const about = async (token: string) => (await (await post('introspect', token)).json()) as { active: boolean };
    expect(await about(tokens.access_token)).toMatchObject({ active: true, client_id: 'own' });
    expect(await about(tokens.id_token)).toEqual({ active: false });
    // What is no access token is not somebody else's either.
    expect((await post('revoke', tokens.id_token)).status).toBe(200);
    const hinted = async (hint: string) =>
      outcomeOf(await ask(signet, agent, own, { scope: 'openid old:read', prompt: 'none', id_token_hint: hint }));
    expect([await hinted(tokens.id_token), await hinted(tokens.access_token)]).toEqual(['code', 'login_required']);
  });

  test('two resources that want different algorithms or types: one at a time', async () => {
    const asked = authorizationRequest(signet, own, { scope: own.scope });
    const url = `${asked.url}&resource=${encodeURIComponent(quick)}&resource=${encodeURIComponent(old)}`;
    const code = (await authorizeInteractively(await signIn(signet), { url })).get('code')!;
    const form = { grant_type: 'authorization_code', code, code_verifier: asked.verifier };
    const both = await tokenRequest(signet, own, form);
    expect([both.body.error, both.body.error_description]).toEqual([
      'invalid_target',
      expect.stringContaining('algorithms'),
    ]);
    const { body } = await tokenRequest(signet, own, { ...form, resource: quick });
    expect(claimsOf(body.access_token)['aud']).toBe(quick);
  });

  test('what an entry leaves out stays', async () => {
    await signet.provision({ resources: [{ identifier: quick, name: 'Quick' }] });
    const { tokens } = await codeFlow(signet, own, { change: { scope: 'quick:read' } });
    expect([headerOf(tokens.access_token), tokens.expires_in]).toMatchObject([{ alg: 'EdDSA' }, 60]);
  });
});

test('two spellings that were registered before they became one: each gives a token for itself', async () => {
  const [bare, slashed] = ['https://twice.example', 'https://twice.example/'];
  for (const uri of [bare, slashed])
    await query(
      signet.database.url,
      `INSERT INTO resources (tenant_id, identifier, scopes, version, created_at, updated_at)
       SELECT id, $1, '[]', 1, now(), now() FROM tenants`,
      [uri],
    );
  // Word of them comes with the next change.
  await signet.provision({ resources: [{ identifier: 'https://after.example' }] });
  for (const resource of [bare, slashed]) {
    const { tokens } = await codeFlow(signet, shop, { change: { ...all, resource } });
    expect(claimsOf(tokens.access_token)['aud']).toBe(resource);
  }
});

test('a default resource that is spelt otherwise is the one that is registered, with its type and its life', async () => {
  const identifier = 'https://default.example';
  await signet.provision({
    settings: { default_resource: `${identifier}/` },
    resources: [{ identifier, access_token_type: 'JWT', access_token_lifetime: 60 }],
  });
  const { tokens } = await codeFlow(signet, shop, { change: { scope: 'openid' } });
  expect([claimsOf(tokens.access_token)['aud'], tokens.expires_in]).toEqual([identifier, 60]);
  for (const resource of [identifier, `${identifier}/`]) {
    const named = await codeFlow(signet, shop, { change: { scope: 'openid profile', resource } });
    expect(claimsOf(named.tokens.access_token)['aud']).toBe(identifier);
    // Named no sooner than here.
    const later = await codeFlow(signet, shop, { change: { scope: 'openid offline_access', prompt: 'consent' } });
    const refreshed = await refresh(signet, shop, later.tokens.refresh_token, { resource });
    expect([claimsOf(refreshed.body.access_token)['aud'], refreshed.body.expires_in]).toEqual([identifier, 60]);
  }
});

test('a default resource of the tenant is the audience when none is asked', async () => {
  await signet.provision({ settings: { default_resource: orders } });
  const { tokens } = await codeFlow(signet, shop);
  expect(claimsOf(tokens.access_token)['aud']).toBe(orders);
});
