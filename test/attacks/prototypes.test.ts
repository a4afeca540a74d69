// Names that every object has: in JSON, forms, queries, cookies, headers and registered metadata they are only names (M101).
import { cookieName } from '../support/cookies.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { alice, authorizationRequest, basic, codeFlow, getUserinfo, webClient, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
const nested = ['__proto__[isAdmin]', 'a[__proto__][isAdmin]', 'constructor[prototype][isAdmin]', '__proto__.isAdmin'];

let signet: TestSignet;
let agent: Agent;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  ({ agent } = await codeFlow(signet, webClient));
});
afterAll(() => signet.stop());

afterEach(() => {
  // The server runs in this process: what it polluted would show here.
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  expect(([] as unknown as Record<string, unknown>)['isAdmin']).toBeUndefined();
});

describe('M101 JSON bodies', () => {
  const bodies = [
    '{"__proto__":{"isAdmin":true}}',
    '{"__proto__":"x"}',
    '{"constructor":{"prototype":{"isAdmin":true}}}',
    '{"grant_type":{"toString":"refresh_token"}}',
    '{"grant_type":["refresh_token"]}',
    '{"grant_type":"refresh_token","grant_type":"authorization_code"}',
    '{"grant_type":"refresh_token","\\u0067rant_type":"authorization_code"}',
    '{"grant_type":null}',
    '["grant_type"]',
    'null',
    '"grant_type"',
    '{"a":{"b":{"c":{}}}}',
    '{"__proto__":null,"grant_type":"refresh_token"}',
    '{"\\u005f_proto__":"x"}',
    `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
    '{"grant_type":"refresh_token"',
  ];
  test.each(bodies.map((body) => ({ body, shown: body.slice(0, 60) })))('M101 $shown: 400', async ({ body }) => {
    for (const path of ['/oauth/token', '/oauth/revoke', '/oauth/introspect', '/oauth/userinfo']) {
      const headers = { 'content-type': 'application/json', authorization: basic('web', webClient.client_secret) };
      const answer = await fetch(signet.issuer + path, { method: 'POST', headers, body });
      expectRefused({ status: answer.status, headers: answer.headers, body: await answer.text() }, 400);
    }
  });
});

describe('M101 names and values in forms and queries', () => {
  test('M101 an extra parameter of such a name is ignored at the token endpoint and at authorize', async () => {
    for (const name of [...names, ...nested]) {
      const { tokens } = await codeFlow(signet, webClient, { agent, change: { [name]: 'true' } });
      const body = new URLSearchParams([
        ['grant_type', 'refresh_token'],
        ['refresh_token', tokens.refresh_token],
        [name, 'true'],
      ]);
      const headers = { authorization: basic('web', webClient.client_secret) };
      const answer = await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', headers, body });
      expect(answer.status, name).toBe(200);
      expect((await getUserinfo(signet, tokens.access_token)).body).not.toHaveProperty('isAdmin');
    }
  });

  const parameters = ['client_id', 'redirect_uri', 'response_type', 'response_mode', 'prompt', 'scope', 'max_age'];
  test('M101 as the value of a parameter it is an unknown value', async () => {
    for (const name of names) {
      for (const parameter of [...parameters, 'code_challenge_method', 'resource', 'id_token_hint']) {
        // A hint that nobody can verify is none, but where nobody may be asked.
        const silent = parameter === 'id_token_hint' ? { prompt: 'none' } : {};
        const answer = await agent.get(authorizationRequest(signet, webClient, { [parameter]: name, ...silent }).url);
        expect([400, 303], `${parameter}=${name}`).toContain(answer.status);
        expect(answer.location ?? 'error=', `${parameter}=${name}`).toContain('error=');
      }
      for (const form of [
        { grant_type: name },
        { grant_type: 'authorization_code', code: name },
        { grant_type: name, client_id: name },
      ]) {
        const answer = await fetch(`${signet.issuer}/oauth/token`, {
          method: 'POST',
          headers: { authorization: basic('client_id' in form ? name : 'web', webClient.client_secret) },
          body: new URLSearchParams(form),
        });
        expectRefused({ status: answer.status, headers: answer.headers, body: await answer.text() });
      }
    }
  });

  test('M101 in paths, queries, cookies and headers of pages it is nothing special', async () => {
    for (const name of [...names, ...nested.map((entry) => encodeURIComponent(entry))]) {
      const paths = [`/t/${name}/sign-in`, `/${name}`, `/oauth/authorize/${name}`, `/sign-in?attempt=${name}`];
      for (const path of [
        ...paths,
        `/account?notice=${name}`,
        `/sign-in?${name}=1`,
        `/oauth/logout?client_id=${name}`,
      ]) {
        const headers = {
          'accept-language': `${name}, ${name}-x;q=0.5`,
          accept: 'text/html',
          cookie: `${name}=1; ${cookieName(signet, 'session')}=${name}; ${cookieName(signet, 'known')}=${name}`,
        };
        const answer = await rawRequest(signet.issuer, { path, headers });
        expect([200, 303, 400, 404], path).toContain(answer.status);
      }
      const page = await agent.get(authorizationRequest(signet, webClient, { prompt: 'login', ui_locales: name }).url);
      expect((await agent.follow(page, signet.issuer)).status).toBe(200);
    }
  });

  test('M101 the sign-in form takes no more than its fields', async () => {
    const page = await agent.follow(
      await agent.get(authorizationRequest(signet, webClient, { prompt: 'login' }).url),
      signet.issuer,
    );
    const extra = {
      isAdmin: 'true',
      'roles[]': 'admin',
      roles: 'admin',
      '__proto__[roles]': 'admin',
      disabled: 'false',
    };
    const answer = await agent.post(`${signet.issuer}/sign-in`, {
      attempt: field(page, 'attempt'),
      ...alice,
      ...extra,
    });
    expect(answer.status).toBe(303);
    const [user] = await query<{ roles: string[] }>(
      signet.database.url,
      `SELECT roles FROM users WHERE username = 'alice'`,
    );
    expect(user!.roles).toEqual([]);
  });
});

describe('M101 what administrators provide', () => {
  test('M101 metadata and claims of such names are refused', async () => {
    const { parseProvisioning } = await import('../../src/flows/provision/parse.ts');
    for (const name of [...names, 'isAdmin']) {
      const files = [
        `{"clients":[{"client_id":"x","redirect_uris":["https://x.example/cb"],"${name}":"x"}]}`,
        `{"users":[{"username":"x","${name}":{"isAdmin":true}}]}`,
        `{"settings":{"${name}":{"isAdmin":true}}}`,
        `{"${name}":{"isAdmin":true}}`,
        `users:\n  - username: x\n    address:\n      ${name}: y\n`,
      ];
      for (const file of files) expect(() => parseProvisioning(file, 'test'), file).toThrow();
    }
  });

  test('M101 a client, a user, a scope and a resource of such names work like any other', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const client = { ...webClient, client_id: name, scope: `openid ${name}` };
      const user = { username: name, password: alice.password };
      await signet.provision({
        clients: [client],
        users: [user],
        resources: [{ identifier: `https://${name.replaceAll('_', '').toLowerCase()}.example`, scopes: [name] }],
      });
      const { tokens, agent: browser } = await codeFlow(signet, client, { user, change: { scope: `openid ${name}` } });
      expect(tokens.scope).toBe(`openid ${name}`);
      expect((await browser.get(`${signet.issuer}/account`)).body).toContain(name);
    }
  });
});
