// Other origins read the documents; token answers only the origins of registered redirect URIs; nothing with credentials (M86).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { authorizationRequest, codeFlow, spaClient, webClient, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const ported = {
  ...spaClient,
  client_id: 'ported',
  redirect_uris: ['https://app.example:8443/cb', 'com.example.app:/cb'],
};
const elsewhere = { ...spaClient, client_id: 'elsewhere', redirect_uris: ['https://other-tenant.example/cb'] };

let signet: TestSignet;
let agent: Agent;
let token: string;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, ported] } });
  await signet.provision({ tenant: 'other', clients: [elsewhere] });
  const flow = await codeFlow(signet, spaClient);
  agent = flow.agent;
  token = flow.tokens.access_token;
});
afterAll(() => signet.stop());

const foreign = [
  'https://evil.example',
  'null',
  'https://sub.spa.example',
  'https://spa.example.evil.example',
  'https://evilspa.example',
  'https://spa.exampl',
  'http://spa.example',
  'https://spa.example:444',
  'https://spa.example:443',
  'https://spa.example/',
  'https://spa.example/cb',
  'https://SPA.example',
  'https://app.example',
  'https://other-tenant.example',
  'com.example.app:',
  'com.example.app://',
  'file://',
  'https://spa.example, https://evil.example',
  '*',
  '',
];
const programs = ['/oauth/token', '/oauth/revoke', '/oauth/userinfo', '/api/userinfo'];
const pages = [
  '/oauth/authorize',
  '/oauth/authorize/AAAAAAAAAAAAAAAAAAAAAAAA',
  '/oauth/logout',
  '/sign-in',
  '/consent',
];
const cors = (headers: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

async function both(path: string, origin: string, method = 'POST') {
  const authorization = { authorization: `Bearer ${token}` };
  const preflight = { 'access-control-request-method': method, 'access-control-request-headers': 'authorization' };
  return [
    await rawRequest(signet.issuer, { method, path, headers: { origin, ...authorization } }),
    await rawRequest(signet.issuer, { method: 'OPTIONS', path, headers: { origin, ...preflight } }),
  ];
}

describe('M86 what programs are answered', () => {
  test.each(foreign)('M86 the origin %j may read nothing and is not told that it may ask', async (origin) => {
    for (const path of programs)
      for (const answer of await both(path, origin)) {
        expect(cors(answer.headers), path).toEqual({});
        expect(answer.headers['vary'], path).toBe('Origin');
      }
  });

  test.each(['https://spa.example', 'https://web.example', 'https://app.example:8443'])(
    'M86 the origin %s of a registered redirect URI may, without credentials',
    async (origin) => {
      for (const path of programs)
        for (const answer of await both(path, origin)) {
          expect(answer.headers['access-control-allow-origin'], path).toBe(origin);
          expect(answer.headers['access-control-allow-credentials'], path).toBeUndefined();
          expect(answer.headers['vary'], path).toBe('Origin');
        }
    },
  );

  test('M86 an origin of one tenant is a stranger to another', async () => {
    const at = async (path: string, origin: string) => cors((await both(path, origin))[0]!.headers);
    expect(await at('/t/other/oauth/token', 'https://other-tenant.example')).not.toEqual({});
    expect(await at('/t/other/oauth/token', 'https://spa.example')).toEqual({});
  });
});

describe('M86 what browsers are sent to', () => {
  test.each([...foreign, 'https://spa.example'])(
    'M86 the origin %j may read no page and no redirect',
    async (origin) => {
      for (const path of [...pages, '/account', '/setup', '/sign-out', '/live', '/ready', '/nothing'])
        for (const method of ['GET', 'POST'])
          for (const answer of await both(path, origin, method)) {
            expect(cors(answer.headers), path).toEqual({});
          }
    },
  );

  test('M86 a signed-in browser at authorize either: no code is readable across origins', async () => {
    for (const response_mode of ['query', 'form_post']) {
      const { url } = authorizationRequest(signet, spaClient, { prompt: 'none', response_mode });
      const answer = await agent.get(url, { origin: 'https://spa.example', 'sec-fetch-mode': 'cors' });
      expect(cors(Object.fromEntries(answer.headers))).toEqual({});
    }
  });
});

describe('M86 what everybody may read', () => {
  const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/oauth/jwks'];
  test('M86 the documents are public, never with credentials, whoever asks', async () => {
    for (const path of documents)
      for (const origin of foreign) {
        const answer = await rawRequest(signet.issuer, { path, headers: { origin } });
        expect(cors(answer.headers), path).toEqual({ 'access-control-allow-origin': '*' });
      }
  });

  test('M86 no token is accepted because of a cookie', async () => {
    const session = [...agent.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const path of ['/oauth/userinfo', '/oauth/token', '/oauth/revoke']) {
      const form = { client_id: webClient.client_id, grant_type: 'refresh_token', token: 'any' };
      const answer = await createAgent().post(`${signet.issuer}${path}`, form, { cookie: session });
      expect(answer.status, path).toBe(401);
    }
  });
});
