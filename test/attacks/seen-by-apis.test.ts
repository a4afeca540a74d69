// What an API that is shown a token can do with it: nothing at the person's account, and no more than the token is for.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiAnswer, postJson } from '../support/first-party.ts';
import { alice, basic, claimsOf, codeFlow, refresh, webClient, world } from '../support/flow.ts';
import { bearer } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const orders = 'https://orders.example';
const slow = 'https://slow.example';
const app = {
  ...webClient,
  client_id: 'app',
  first_party: true,
  scope: 'openid profile orders:read orders:admin slow:read',
};
const resources = [
  { identifier: orders, scopes: ['orders:read', 'orders:admin'] },
  { identifier: slow, scopes: ['slow:read'], access_token_lifetime: 24 * 3600 },
];
const key = `sgk_${'s'.repeat(43)}`;

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [app],
      resources,
      service_accounts: [{ username: 'program', keys: [{ name: 'first', key }] }],
    },
  });
});
afterAll(() => signet.stop());

const logIn = (more: object): Promise<ApiAnswer> => {
  const authorization = basic(app.client_id, app.client_secret);
  return postJson(`${signet.issuer}/auth/login`, { ...alice, ...more }, { authorization });
};

test('a token that an API sees as well changes nothing of the account, however fresh it is', async () => {
  const seen = (await logIn({ scope: 'openid orders:read' })).body.access_token;
  expect(claimsOf(seen)['aud']).toEqual([orders, signet.issuer]);
  const own = (await logIn({ scope: 'openid' })).body.access_token;
  expect(claimsOf(own)['aud']).toBe(signet.issuer);
  const calls: [string, object][] = [
    ['/auth/mfa/totp', {}],
    ['/auth/mfa/recovery-codes', {}],
    ['/auth/password', { current_password: alice.password, new_password: 'another one that is long enough' }],
    ['/auth/logout', {}],
  ];
  for (const [path, body] of calls)
    expect(await postJson(signet.issuer + path, body, bearer(seen)), path).toMatchObject({
      status: 401,
      body: { code: 'invalid_token' },
    });
  expect((await postJson(`${signet.issuer}/auth/mfa/totp`, {}, bearer(own))).status).toBe(200);
});

test('a program gets a token for the API alone, though it asks for openid', async () => {
  const { body } = await logIn({ username: 'program', password: key, scope: 'openid orders:read' });
  expect(claimsOf(body.access_token)).toMatchObject({ aud: orders, scope: 'orders:read' });
});

test('a scope that was taken from an API is in no token for it, also where the issuer is meant too', async () => {
  const scope = 'openid orders:read orders:admin';
  const { tokens } = await codeFlow(signet, app, { change: { scope } });
  expect(claimsOf(tokens.access_token)).toMatchObject({ aud: [orders, signet.issuer], scope });
  await signet.provision({ resources: [{ identifier: orders, scopes: ['orders:read'] }] });
  const next = await refresh(signet, app, tokens.refresh_token);
  expect(claimsOf(next.body.access_token)['scope']).toBe('openid orders:read');
  const anew = await codeFlow(signet, app, { change: { scope } });
  expect(claimsOf(anew.tokens.access_token)['scope']).toBe('openid orders:read');
  await signet.provision({ resources });
});

test('an API that lets tokens live for long lengthens none for another, nor for the issuer', async () => {
  const lifeOf = async (change: Record<string, string>) => {
    const { tokens } = await codeFlow(signet, app, { change });
    const { exp, iat } = claimsOf(tokens.access_token) as { exp: number; iat: number };
    return exp - iat;
  };
  expect(await lifeOf({ scope: 'slow:read' })).toBe(24 * 3600);
  expect(await lifeOf({ scope: 'openid slow:read' })).toBe(900);
});
