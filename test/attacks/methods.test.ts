// Methods that an endpoint does not know are refused, and none of them acts (M35).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { authorizationRequest, basic, codeFlow, getUserinfo, refresh, webClient, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let agent: Agent;
let tokens: Awaited<ReturnType<typeof codeFlow>>['tokens'];
let csrf: string;
let attempt: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  ({ agent, tokens } = await codeFlow(signet, webClient));
  csrf = field(await agent.get(`${signet.issuer}/account`), 'csrf');
  const { url } = authorizationRequest(signet, webClient, { prompt: 'consent' });
  attempt = field(await agent.follow(await agent.get(url), signet.issuer), 'attempt');
});
afterAll(() => signet.stop());

const form = (values: Record<string, string>) => new URLSearchParams(values).toString();
type Endpoint = { path: string; allowed: string[]; send: () => { query?: string; body?: string; basic?: boolean } };
const endpoints: Endpoint[] = [
  {
    path: '/oauth/authorize',
    allowed: ['GET', 'POST'],
    send: () => ({ query: new URL(authorizationRequest(signet, webClient).url).search }),
  },
  { path: '/oauth/authorize/ATTEMPT', allowed: ['GET'], send: () => ({}) },
  {
    path: '/oauth/token',
    allowed: ['POST', 'OPTIONS'],
    send: () => ({ body: form({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }), basic: true }),
  },
  {
    path: '/oauth/revoke',
    allowed: ['POST', 'OPTIONS'],
    send: () => ({ body: form({ token: tokens.refresh_token }), basic: true }),
  },
  {
    path: '/oauth/logout',
    allowed: ['GET', 'POST'],
    send: () => ({ query: `?id_token_hint=${tokens.id_token}`, body: form({ id_token_hint: tokens.id_token }) }),
  },
  { path: '/sign-out', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf, decision: 'confirm' }) }) },
  {
    path: '/consent',
    allowed: ['GET', 'POST'],
    send: () => ({ query: `?attempt=${attempt}`, body: form({ attempt, username: 'alice', decision: 'allow' }) }),
  },
  {
    path: '/sign-in',
    allowed: ['GET', 'POST'],
    send: () => ({ body: form({ attempt, username: 'alice', password: 'wrong' }) }),
  },
  {
    path: '/account/consents/revoke',
    allowed: ['GET', 'POST'],
    send: () => ({ query: `?csrf=${csrf}&client_id=web`, body: form({ csrf, client_id: 'web' }) }),
  },
  {
    path: '/account/consents/revoke-scope',
    allowed: ['GET', 'POST'],
    send: () => ({ query: `?csrf=${csrf}&client_id=web&scope=profile`, body: form({ csrf }) }),
  },
  { path: '/account/sessions/end', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf }) }) },
  { path: '/account/sessions/end-others', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf }) }) },
  { path: '/account', allowed: ['GET'], send: () => ({}) },
  { path: '/account/sessions', allowed: ['GET'], send: () => ({}) },
  { path: '/account/applications', allowed: ['GET'], send: () => ({}) },
  { path: '/account/password', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf }) }) },
  { path: '/account/email', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf: 'x' }) }) },
  { path: '/change-email', allowed: ['GET', 'POST'], send: () => ({ body: form({ token: 'x' }) }) },
  { path: '/account/two-step', allowed: ['GET'], send: () => ({}) },
  { path: '/account/two-step/add', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf: 'x' }) }) },
  { path: '/account/two-step/confirm', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf }) }) },
  { path: '/account/two-step/remove', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf: 'x' }) }) },
  { path: '/account/two-step/recovery-codes', allowed: ['GET', 'POST'], send: () => ({ body: form({ csrf: 'x' }) }) },
  { path: '/sign-in/second-factor', allowed: ['GET', 'POST'], send: () => ({ body: form({ attempt }) }) },
  { path: '/sign-in/add-factor', allowed: ['GET', 'POST'], send: () => ({ body: form({ attempt }) }) },
  { path: '/sign-in/add-factor/confirm', allowed: ['POST'], send: () => ({ body: form({ attempt }) }) },
  { path: '/setup', allowed: ['GET', 'POST'], send: () => ({}) },
  { path: '/oauth/userinfo', allowed: ['GET', 'POST', 'OPTIONS'], send: () => ({}) },
  { path: '/api/userinfo', allowed: ['GET', 'POST', 'OPTIONS'], send: () => ({}) },
  { path: '/oauth/jwks', allowed: ['GET', 'HEAD', 'OPTIONS'], send: () => ({}) },
  { path: '/.well-known/openid-configuration', allowed: ['GET', 'HEAD', 'OPTIONS'], send: () => ({}) },
  { path: '/live', allowed: ['GET'], send: () => ({}) },
];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'PURGE'];

/** Everything that an authenticated request could change. */
async function state() {
  const counted = ['sessions', 'grants', 'consents', 'refresh_tokens', 'authorization_codes', 'sign_in_attempts'];
  const rows = counted.map(
    (table) => `SELECT '${table}' AS name, md5(string_agg(t::text, '|' ORDER BY t::text)) AS sum FROM ${table} t`,
  );
  return query(signet.database.url, rows.join(' UNION ALL '));
}

describe('M35 methods that an endpoint does not answer', () => {
  test.each(endpoints)(
    'M35 $path: no method beyond $allowed gets through, and nothing has changed',
    async (endpoint) => {
      const before = await state();
      const { query: search = '', body, basic: asClient } = endpoint.send();
      for (const method of methods.filter((known) => !endpoint.allowed.includes(known))) {
        const answer = await rawRequest(signet.issuer, {
          method,
          path: endpoint.path.replace('ATTEMPT', attempt) + search,
          headers: {
            cookie: [...agent.cookies].map(([key, value]) => `${key}=${value}`).join('; '),
            'sec-fetch-site': 'same-origin',
            ...(asClient ? { authorization: basic('web', webClient.client_secret) } : {}),
            ...(endpoint.path.endsWith('userinfo') ? { authorization: `Bearer ${tokens.access_token}` } : {}),
            ...(body === undefined || method === 'GET' || method === 'HEAD' || method === 'TRACE'
              ? {}
              : {
                  'content-type': 'application/x-www-form-urlencoded',
                  'content-length': String(Buffer.byteLength(body)),
                }),
          },
          ...(body === undefined || method === 'GET' || method === 'HEAD' || method === 'TRACE' ? {} : { body }),
        });
        expect([404, 405], method).toContain(answer.status);
        if (answer.status === 405) expect(answer.headers['allow']).toBe(endpoint.allowed.join(', '));
        expect(answer.headers['set-cookie'], method).toBeUndefined();
        expect(answer.headers['location'], method).toBeUndefined();
        expect(answer.body, method).not.toContain(tokens.access_token);
      }
      expect(await state()).toEqual(before);
    },
  );

  test('M35 a method named in a header or a field does not replace the real one', async () => {
    const before = await state();
    for (const headers of [{ 'x-http-method-override': 'POST' }, { 'x-method-override': 'DELETE' }]) {
      const page = await agent.get(`${signet.issuer}/sign-out?_method=POST&decision=confirm`, headers);
      expect(page.body, 'only asks').toContain('id="logout-confirm"');
      expect((await agent.get(`${signet.issuer}/oauth/revoke?_method=POST`, headers)).status).toBe(405);
    }
    expect(await state()).toEqual(before);
  });

  test('M35 the person is still signed in and the tokens still work', async () => {
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
  });
});
