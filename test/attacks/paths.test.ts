// Odd spellings of a path or host reach what the plain spelling reaches, or nothing (M99).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { codeFlow, spaClient, type Tokens, webClient, world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let agent: Agent;
let tokens: Tokens;
let port: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ tenant: 'other', clients: [webClient] });
  await signet.provision({ tenant: { slug: 'hosted', host: 'hosted.localhost' }, clients: [spaClient] });
  ({ agent, tokens } = await codeFlow(signet, webClient));
  ({ port } = new URL(signet.issuer));
});
afterAll(() => signet.stop());

const spellings = (path: string) => {
  const [, first = '', ...rest] = path.split('/');
  const end = rest.length > 0 ? `/${rest.join('/')}` : '';
  const encoded = `%${first.charCodeAt(0).toString(16)}${first.slice(1)}`;
  return [
    `/${path}`,
    `//${first}${end}/`,
    `${path}/`,
    `${path}/.`,
    `${path}/..${path}`,
    `/.${path}`,
    `/x/..${path}`,
    `/x/%2e%2e${path}`,
    `/${encoded}${end}`,
    `/%2f${first}${end}`,
    `${path}%2f`,
    `${path}%20`,
    `${path}%00`,
    `${path};x`,
    `${path};jsessionid=1`,
    `${path}.json`,
    `${path}\\`,
    `/\\${first}${end}`,
    path.toUpperCase(),
    `/${first[0]!.toUpperCase()}${first.slice(1)}${end}`,
    `/t/default${path}`,
    `/t/DEFAULT${path}`,
    `/t/%64efault${path}`,
    `/t//${first}${end}`,
    `/t/.${path}`,
    `/t/..${path}`,
    `/t/other%2f..${path}`,
    `/t/other/..${path}`,
    `/t/OTHER${path}`,
    `http://evil.example${path}`,
    `${path}?/../x`,
    `/oauth/..${path}`,
    `/assets/..${path}`,
    `/.well-known/..${path}`,
  ];
};

const cookie = (from: Agent) => ({ cookie: [...from.cookies].map(([name, value]) => `${name}=${value}`).join('; ') });

describe('M99 another spelling of a path does not get past a check', () => {
  const protectedPaths = [
    { path: '/account', secret: 'id="account-sign-out"' },
    { path: '/oauth/userinfo', secret: '"sub"' },
    { path: '/api/userinfo', secret: '"sub"' },
    { path: '/setup', secret: 'id="setup-submit"' },
    { path: '/consent', secret: 'id="consent-allow"' },
  ];
  test.each(protectedPaths)(
    'M99 $path, without credentials: no spelling gives more than the plain one',
    async ({ path, secret }) => {
      const plain = await rawRequest(signet.issuer, { path });
      for (const spelling of spellings(path)) {
        for (const method of ['GET', 'POST']) {
          const answer = await rawRequest(signet.issuer, { method, path: spelling });
          expect([plain.status, 303, 400, 401, 403, 404, 405], `${method} ${spelling}`).toContain(answer.status);
          expect(answer.body, spelling).not.toContain(secret);
          // A redirect may lead to our own sign-in page only.
          if (answer.status === 303) expect(answer.headers['location'], spelling).toMatch(/^(\/t\/other)?\/sign-in$/);
        }
      }
    },
  );

  test('M99 the credentials of one tenant open nothing at another, however its path is written', async () => {
    for (const path of ['/account', '/oauth/userinfo']) {
      const headers = { ...cookie(agent), authorization: `Bearer ${tokens.access_token}` };
      expect((await rawRequest(signet.issuer, { path, headers })).status).toBe(200);
      const others = [
        '/t/other',
        '/t/%6fther',
        '/t/OTHER',
        '/t/other/',
        '/t/default/../other',
        '//t/other',
        '/t/other;x',
      ];
      for (const prefix of others) {
        const answer = await rawRequest(signet.issuer, { path: prefix + path, headers });
        expect(answer.status, prefix + path).not.toBe(200);
      }
    }
  });

  test('M99 a form posted to another spelling changes nothing', async () => {
    for (const spelling of spellings('/sign-out')) {
      const answer = await rawRequest(signet.issuer, {
        method: 'POST',
        path: spelling,
        headers: { ...cookie(agent), 'content-type': 'application/x-www-form-urlencoded' },
        body: 'decision=confirm',
      });
      expect(answer.status, spelling).toBeGreaterThanOrEqual(303);
      expect(answer.status, spelling).toBeLessThan(500);
    }
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });
});

describe('M99 another spelling of the host', () => {
  const issuerAt = async (host: string, path = '') => {
    const answer = await rawRequest(signet.issuer, {
      path: `${path}/.well-known/openid-configuration`,
      headers: { host },
    });
    return answer.status === 200 ? (JSON.parse(answer.body) as { issuer: string }).issuer : answer.status;
  };

  test('M99 in upper case or with a dot after it, it is the same tenant', async () => {
    const hosted = await issuerAt('hosted.localhost');
    expect(hosted).toBe('http://hosted.localhost');
    for (const host of ['HOSTED.localhost', 'hosted.localhost.', 'Hosted.LocalHost.'])
      expect(await issuerAt(host), host).toBe(hosted);
    for (const host of [`LOCALHOST:${port}`, `localhost.:${port}`])
      expect(await issuerAt(host), host).toBe(signet.issuer);
  });

  test('M99 a tenant with a host of its own is not reached by a path, and reaches no other from its host', async () => {
    expect(await issuerAt(`localhost:${port}`, '/t/hosted')).toBe(404);
    expect(await issuerAt('hosted.localhost', '/t/other')).toBe(404);
    expect(await issuerAt('hosted.localhost', '/t/default')).toBe(404);
    expect(await issuerAt('HOSTED.LOCALHOST.', '/t/other')).toBe(404);
  });

  test("M99 at another tenant's host the session and the token of this one are worth nothing", async () => {
    for (const host of ['hosted.localhost', 'HOSTED.localhost', 'hosted.localhost.']) {
      const headers = { host, ...cookie(agent), authorization: `Bearer ${tokens.access_token}` };
      expect((await rawRequest(signet.issuer, { path: '/account', headers })).status, host).toBe(303);
      expect((await rawRequest(signet.issuer, { path: '/oauth/userinfo', headers })).status, host).toBe(401);
    }
  });

  test('M99 hosts that are none are answered, not failed on', async () => {
    for (const host of ['', '..', '[::1', 'a b', 'x'.repeat(300), '%00', 'hosted.localhost:99999', '\u00fc.example']) {
      const answer = await rawRequest(signet.issuer, { path: '/account', headers: { host } }).catch(() => undefined);
      expect(answer?.status ?? 400, host).toBeLessThan(500);
    }
    expect((await createAgent().get(`${signet.issuer}/sign-in`)).status).toBe(200);
  });
});
