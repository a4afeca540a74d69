// Tenants: where each is found, and that nothing of one is worth anything at another.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { createAgent, field } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  basic,
  claimsOf,
  codeFlow,
  exchangeCode,
  getUserinfo,
  ownClient,
  refresh,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

let signet: TestSignet;
let acme: TestSignet;
const host = 'login.hosted.localhost:8080';
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  // The same names, secrets and passwords everywhere: only the tenant tells them apart.
  await signet.provision({ ...world, tenant: { slug: 'acme', name: 'Acme' } });
  await signet.provision({ ...world, tenant: { slug: 'hosted', name: 'Hosted Ltd', host } });
  acme = { ...signet, issuer: `${signet.issuer}/t/acme` };
});
afterAll(() => signet.stop());

const atHost = (path: string, headers: Record<string, string> = {}): Promise<RawAnswer> =>
  rawRequest(signet.issuer, { path, headers: { host, accept: 'text/html', ...headers } });
const issuerAt = (answer: RawAnswer): unknown => (JSON.parse(answer.body) as { issuer?: string }).issuer;

describe('where a tenant is found', () => {
  const openid = '/.well-known/openid-configuration';

  test('the default one at the root, another under its slug, one with a host only there', async () => {
    expect(issuerAt(await rawRequest(signet.issuer, { path: openid }))).toBe(signet.issuer);
    expect(issuerAt(await rawRequest(signet.issuer, { path: `/t/acme${openid}` }))).toBe(acme.issuer);
    expect(issuerAt(await atHost(openid))).toBe(`http://${host}`);
    expect(issuerAt(await atHost('/.well-known/oauth-authorization-server'))).toBe(`http://${host}`);
    expect(issuerAt(await atHost(openid, { host: host.toUpperCase() }))).toBe(`http://${host}`);
  });

  test.each([
    '/t/nobody',
    '/t/default',
    '/t/hosted',
    '/t/ACME',
    '/t/acme%20',
    '/t/%00',
    '/t/acme%00',
    '/t/%2e%2e',
    '/t/acme%2f..',
    `/t/${'a'.repeat(150)}`,
    '/t/',
    '/t',
    '/t/acme/t/acme',
    "/t/'--",
  ])('%s is nobody: 404 at every endpoint, in its own format', async (base) => {
    for (const path of [openid, '/oauth/jwks', '/oauth/userinfo']) {
      const answer = await rawRequest(signet.issuer, { path: `${base}${path}` });
      expect([answer.status, Object.keys(JSON.parse(answer.body) as object)], path).toEqual([
        404,
        ['error', 'error_description'],
      ]);
    }
    for (const path of ['/oauth/authorize', '/oauth/logout', '/sign-in', '/account']) {
      const answer = await rawRequest(signet.issuer, { path: `${base}${path}`, headers: { accept: 'text/html' } });
      expect([answer.status, /id="error-code"[^>]*>([^<]*)/.exec(answer.body)?.[1]], path).toEqual([404, 'not_found']);
    }
  });

  test('at the host of one tenant no other one is found by its slug', async () => {
    expect((await atHost(`/t/acme${openid}`)).status).toBe(404);
    expect((await atHost(`${openid}/t/acme`)).status).toBe(404);
  });

  test('an unheard-of host is the default tenant, whose issuer does not follow the Host header', async () => {
    for (const name of ['evil.example', 'login.hosted.localhost', `${host}.evil.example`]) {
      const answer = await atHost(openid, { host: name });
      expect(issuerAt(answer), name).toBe(signet.issuer);
      expect(answer.body).not.toContain('evil');
    }
  });
});

describe('a tenant under its slug', () => {
  test('the whole flow: its issuer in the response and the tokens, its cookies under its name', async () => {
    const { tokens, agent } = await codeFlow(acme, webClient);
    expect(claimsOf(tokens.id_token)).toMatchObject({ iss: acme.issuer, aud: 'web' });
    expect(claimsOf(tokens.access_token)).toMatchObject({ iss: acme.issuer, aud: acme.issuer });
    expect([...agent.cookies.keys()].sort()).toEqual([
      cookieName(signet, 'browser', 'acme'),
      cookieName(signet, 'known', 'acme'),
      cookieName(signet, 'session', 'acme'),
    ]);
    expect((await getUserinfo(acme, tokens.access_token)).status).toBe(200);
    expect((await refresh(acme, webClient, tokens.refresh_token)).status).toBe(200);
    const account = await agent.get(`${acme.issuer}/account`);
    expect(account.body).toContain('Acme');
    for (const [, action] of account.body.matchAll(/action="([^"]*)"/g)) expect(action).toMatch(/^\/t\/acme\//);
  });
});

describe('a tenant at its own host', () => {
  test('signs in there, with cookies and addresses of its own', async () => {
    const { url } = authorizationRequest({ issuer: `http://${host}` }, ownClient);
    const first = await atHost(url.slice(`http://${host}`.length));
    expect([first.status, first.headers['location']]).toEqual([303, expect.stringMatching(/^\/sign-in\?attempt=/)]);
    const browser = String(first.headers['set-cookie']).split(';')[0]!;
    expect(browser).toMatch(/^signet-hosted-browser-\d+=sgb_/);
    const page = await atHost(String(first.headers['location']), { cookie: browser });
    expect(page.body).toContain('Hosted Ltd');
    const attempt = /name="attempt" value="([^"]+)"/.exec(page.body)![1]!;
    const posted = await rawRequest(signet.issuer, {
      method: 'POST',
      path: '/sign-in',
      headers: { host, cookie: browser, origin: `http://${host}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ attempt, ...alice }).toString(),
    });
    expect(posted.status).toBe(303);
    const cookies = (posted.headers['set-cookie'] as string[]).map((line) => line.split(';')[0]!);
    const done = await atHost(String(posted.headers['location']), { cookie: [browser, ...cookies].join('; ') });
    const response = new URL(String(done.headers['location']));
    expect(response.searchParams.get('iss')).toBe(`http://${host}`);
    expect(response.searchParams.get('code')).toMatch(/^sgc_/);
  });

  test('a form from the origin of PUBLIC_URL is from another site', async () => {
    const answer = await rawRequest(signet.issuer, {
      method: 'POST',
      path: '/sign-in',
      headers: { host, origin: signet.issuer, 'content-type': 'application/x-www-form-urlencoded' },
      body: '',
    });
    expect(answer.status).toBe(403);
  });
});

describe('nothing of one tenant is worth anything at another', () => {
  test('access token, refresh token, ID token', async () => {
    const { tokens } = await codeFlow(acme, webClient, { change: { scope: 'openid offline_access' } });
    expect((await getUserinfo(signet, tokens.access_token)).body['error']).toBe('invalid_token');
    expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
    const agent = await signIn(signet);
    const hint = { id_token_hint: tokens.id_token };
    expect(outcomeOf(await ask(signet, agent, webClient, { ...hint, prompt: 'none' }))).toBe('login_required');
    const logout = await agent.get(`${signet.issuer}/oauth/logout?${new URLSearchParams(hint).toString()}`);
    expect(logout.body).toContain('id="logout-confirm"');
    const revoked = await fetch(`${signet.issuer}/oauth/revoke`, {
      method: 'POST',
      headers: { authorization: basic(webClient.client_id, webClient.client_secret) },
      body: new URLSearchParams({ token: tokens.refresh_token }),
    });
    expect(revoked.status).toBe(200);
    expect((await refresh(acme, webClient, tokens.refresh_token)).status).toBe(200);
  });

  test('a code', async () => {
    const asked = authorizationRequest(acme, webClient);
    const code = (await authorizeInteractively(createAgent(), asked)).get('code')!;
    expect((await exchangeCode(signet, webClient, asked, code)).body.error).toBe('invalid_grant');
    expect((await exchangeCode(acme, webClient, asked, code)).status).toBe(200);
  });

  test('a session, under the name of the other cookie too', async () => {
    const agent = await signIn(acme);
    const silent = { prompt: 'none' };
    expect(outcomeOf(await ask(acme, agent, ownClient, silent))).toBe('code');
    expect(outcomeOf(await ask(signet, agent, ownClient, silent))).toBe('login_required');
    agent.cookies.set(cookieName(signet, 'session'), agent.cookies.get(cookieName(signet, 'session', 'acme'))!);
    expect(outcomeOf(await ask(signet, agent, ownClient, silent))).toBe('login_required');
  });

  test('a sign-in attempt and a consent', async () => {
    const agent = createAgent();
    const page = await ask(acme, agent, ownClient);
    agent.cookies.set(cookieName(signet, 'browser'), agent.cookies.get(cookieName(signet, 'browser', 'acme'))!);
    const moved = { ...page, url: `${signet.issuer}/sign-in` };
    expect(outcomeOf(await submitPassword(agent, moved, alice))).toBe('page attempt_unknown');
    await codeFlow(acme, webClient);
    expect(outcomeOf(await ask(signet, await signIn(signet), webClient, { prompt: 'none' }))).toBe('consent_required');
  });

  test('signing out at one leaves the other signed in', async () => {
    const agent = await signIn(acme, alice, await signIn(signet));
    const csrf = field(await agent.get(`${signet.issuer}/oauth/logout`), 'csrf');
    await agent.post(`${signet.issuer}/sign-out`, { csrf, decision: 'confirm' });
    expect(outcomeOf(await ask(signet, agent, ownClient, { prompt: 'none' }))).toBe('login_required');
    expect(outcomeOf(await ask(acme, agent, ownClient, { prompt: 'none' }))).toBe('code');
  });
});
