// Libraries for APIs, with the programs of docs/your-library.md: access tokens for this API pass, all else is refused.
import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimsOf, codeFlow, type Tokens } from '../support/flow.ts';
import { freeOrigin, openPage, type Page, serveAt } from './page.ts';

const api = 'https://api.example';
const home = 'http://localhost:8080';

/** For who takes the client's name for an audience: then only the type tells an ID token from an access token. */
const audienceOfIdTokens = { [api]: 'my-desk' };

let page: Page;
let good: Tokens;
let refused: Record<string, string>;
beforeAll(async () => {
  page = await openPage();
  const { signet } = page;
  await page.register('my-api.yaml', home);
  const desk = { client_id: 'my-desk', redirect_uris: [`${home}/callback`] };
  const asked = async (change: Record<string, string>) => (await codeFlow(signet, desk, { change })).tokens;
  good = await asked({ resource: api, scope: 'openid orders:read' });
  refused = {
    'its ID token': good.id_token,
    'a token for another API': (await asked({ resource: 'https://other.example', scope: 'other' })).access_token,
    'a token for UserInfo': (await asked({ scope: 'openid' })).access_token,
    'a token that was changed': good.access_token.replace(/\.[^.]{4}/, '.AAAA'),
  };
});
afterAll(() => page?.close());

test('check-with-jsonwebtoken.js takes the tokens of this API alone', async () => {
  type Program = { checkToken: (token: string) => Promise<Record<string, unknown>> };
  const { checkToken } = await page.program<Program>('check-with-jsonwebtoken.js', home);
  const { sub } = claimsOf(good.access_token);
  expect(await checkToken(good.access_token)).toMatchObject({ sub, scope: 'orders:read', aud: api });
  for (const [what, token] of Object.entries(refused)) await expect(checkToken(token), what).rejects.toThrow();
  const careless = await page.program<Program>('check-with-jsonwebtoken.js', home, audienceOfIdTokens);
  await expect(careless.checkToken(good.id_token)).rejects.toThrow('no access token');
});

test('express-oauth2-jwt-bearer.js answers 200, 401 and 403 as it should', async () => {
  const origin = await freeOrigin();
  const { app } = await page.program<{ app: RequestListener }>('express-oauth2-jwt-bearer.js', origin);
  await using _ = await serveAt(origin, app);
  const call = (token: string, method = 'GET') =>
    fetch(`${origin}/orders`, { method, headers: { authorization: `Bearer ${token}` } });
  const answer = await call(good.access_token);
  expect([answer.status, await answer.json()]).toEqual([200, { orders: [], of: claimsOf(good.access_token)['sub'] }]);
  expect((await call(good.access_token, 'POST')).status).toBe(403);
  expect((await fetch(`${origin}/orders`)).status).toBe(401);
  for (const [what, token] of Object.entries(refused)) expect((await call(token)).status, what).toBe(401);
});

test('express-oauth2-jwt-bearer.js refuses an ID token by its type alone', async () => {
  const origin = await freeOrigin();
  const name = 'express-oauth2-jwt-bearer.js';
  const { app } = await page.program<{ app: RequestListener }>(name, origin, audienceOfIdTokens);
  await using _ = await serveAt(origin, app);
  const answer = await fetch(`${origin}/orders`, { headers: { authorization: `Bearer ${good.id_token}` } });
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining("'typ'")]);
});
