// Wrong methods, addresses, queries and headers at every endpoint: a 4xx in its own format, never a 500, never silence.
import { connect } from 'node:net';
import { cookieName } from '../support/cookies.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { world } from '../support/flow.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

type Endpoint = { path: string; allow: string; page: boolean };
const program = (path: string, allow: string): Endpoint => ({ path, allow, page: false });
const browser = (path: string, allow: string): Endpoint => ({ path, allow, page: true });
const attempt = `/oauth/authorize/${'A'.repeat(24)}`;
const endpoints: Endpoint[] = [
  program('/oauth/token', 'POST, OPTIONS'),
  program('/oauth/revoke', 'POST, OPTIONS'),
  program('/oauth/introspect', 'POST'),
  program('/oauth/userinfo', 'GET, POST, OPTIONS'),
  program('/api/userinfo', 'GET, POST, OPTIONS'),
  program('/oauth/jwks', 'GET, HEAD, OPTIONS'),
  program('/.well-known/openid-configuration', 'GET, HEAD, OPTIONS'),
  program('/.well-known/oauth-authorization-server', 'GET, HEAD, OPTIONS'),
  browser('/oauth/authorize', 'GET, POST'),
  browser(attempt, 'GET'),
  browser('/oauth/logout', 'GET, POST'),
  browser('/sign-in', 'GET, POST'),
  browser('/consent', 'GET, POST'),
  browser('/sign-out', 'GET, POST'),
  browser('/account', 'GET'),
  browser('/account/consents/revoke', 'GET, POST'),
  browser('/account/sessions/end', 'GET, POST'),
  browser('/account/consents/revoke-scope', 'GET, POST'),
  browser('/account/sessions/end-others', 'GET, POST'),
  browser('/account/sessions', 'GET'),
  browser('/account/applications', 'GET'),
  browser('/account/password', 'GET, POST'),
  browser('/account/email', 'GET, POST'),
  browser('/change-email', 'GET, POST'),
  browser('/account/two-step', 'GET'),
  browser('/account/two-step/add', 'GET, POST'),
  browser('/account/two-step/confirm', 'GET, POST'),
  browser('/account/two-step/remove', 'GET, POST'),
  browser('/account/two-step/recovery-codes', 'GET, POST'),
  browser('/sign-in/second-factor', 'GET, POST'),
  browser('/sign-in/add-factor', 'GET, POST'),
  browser('/sign-in/add-factor/confirm', 'POST'),
  browser('/sign-in/second-factor/send', 'POST'),
  browser('/sign-in/email', 'GET, POST'),
  browser('/sign-in/email/sent', 'GET'),
  browser('/sign-in/email/code', 'POST'),
  browser('/account/email/verify', 'POST'),
  browser('/account/two-step/phone', 'GET, POST'),
  browser('/account/two-step/phone/confirm', 'GET, POST'),
  browser('/account/two-step/email', 'GET, POST'),
  browser('/account/two-step/email/confirm', 'GET, POST'),
  browser('/forgot-password', 'GET, POST'),
  browser('/reset-password', 'GET, POST'),
  browser('/verify-email', 'GET, POST'),
];

function expectOwnFormat(answer: RawAnswer, page: boolean): void {
  expect(answer.status, answer.body.slice(0, 300)).toBeGreaterThanOrEqual(400);
  expect(answer.status, answer.body.slice(0, 300)).toBeLessThan(500);
  if (page) {
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain('id="error-code"');
  } else {
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['error', 'error_description']);
  }
}

describe.each(endpoints)('$path', ({ path, allow, page }) => {
  test(`answers ${allow} and says so to every other method`, async () => {
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].filter(
      (method) => !allow.split(', ').includes(method),
    );
    for (const method of others) {
      const answer = await rawRequest(signet.issuer, { method, path, headers: { 'sec-fetch-site': 'same-origin' } });
      expect([answer.status, answer.headers['allow']], method).toEqual([405, allow]);
      if (method === 'HEAD') expect(answer.body).toBe('');
      else expectOwnFormat(answer, page);
    }
  });

  test('a wrong method with a body of any kind is the same 405', async () => {
    const headers = { 'content-type': 'text/plain', 'sec-fetch-site': 'same-origin' };
    const answer = await rawRequest(signet.issuer, { method: 'PUT', path, headers, body: '{' });
    expect(answer.status).toBe(405);
    expectOwnFormat(answer, page);
  });
});

// What reads its query, by GET.
describe.each([
  ['/oauth/authorize', true],
  ['/oauth/logout', true],
  ['/sign-in', true],
  ['/consent', true],
  ['/oauth/userinfo', false],
] as const)('the query of %s', (path, page) => {
  test.each(['a=%zz', '%', 'a=%e2%82', 'a=%00', 'client_id=%ff', 'a=1&'.repeat(201), 'a=%c0%80', 'state=%ed%a0%80'])(
    '%s: 400',
    async (query) => {
      const answer = await rawRequest(signet.issuer, { path: `${path}?${query}` });
      // A query that nobody reads needs no answer of its own; what is read is refused.
      expect(answer.status).toBe(400);
      expectOwnFormat(answer, page);
    },
  );
});

describe('addresses that lead nowhere', () => {
  test.each([
    '/nowhere',
    '/oauth',
    '/oauth/token/',
    '/OAUTH/TOKEN',
    '//oauth/token',
    '/oauth/../oauth/token/x',
    '/oauth/token/x',
    '/oauth/authorize/',
    '/oauth/authorize/a/b',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/../package.json',
    '/assets/%2e%2e%2fpackage.json',
    '/.well-known/',
    '/.well-known/openid-configuration/t/nobody',
    '/%',
    '/%ff',
    '/oauth/authorize/%zz',
    `/${'a/'.repeat(2000)}`,
    `/${'a'.repeat(8000)}`,
    `/t/${'a'.repeat(300)}/oauth/jwks`,
    `/oauth/authorize/${'a'.repeat(300)}`,
    '/nowhere?a=%zz',
    '/;/oauth/token',
  ])('%s: a 4xx for people and for programs', async (path) => {
    for (const accept of ['text/html', 'application/json']) {
      const answer = await rawRequest(signet.issuer, { path, headers: { accept } });
      expect(answer.status, answer.body.slice(0, 200)).toBeGreaterThanOrEqual(400);
      expect(answer.status, answer.body.slice(0, 200)).toBeLessThan(500);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.body).not.toContain('Route GET');
    }
  });

  test('unknown addresses: a page for people, OAuth JSON for programs', async () => {
    expectOwnFormat(await rawRequest(signet.issuer, { path: '/nowhere', headers: { accept: 'text/html' } }), true);
    expectOwnFormat(await rawRequest(signet.issuer, { path: '/nowhere' }), false);
  });

  test('an attempt id that cannot be one is a page', async () => {
    for (const id of ['x', 'A'.repeat(24), 'A'.repeat(25), '%00', '..', "'--"]) {
      const answer = await rawRequest(signet.issuer, { path: `/oauth/authorize/${id}` });
      expect([400, 404], id).toContain(answer.status);
    }
  });
});

describe('headers', () => {
  test('64 kB of them: 431', async () => {
    for (const { path } of endpoints) {
      const answer = await rawRequest(signet.issuer, { path, headers: { 'x-long': 'a'.repeat(65_536) } });
      expect(answer.status, path).toBe(431);
    }
  });

  test.each<[string, string]>([
    ['authorization', 'a'.repeat(8000)],
    ['authorization', `Basic ${'A'.repeat(8000)}`],
    ['authorization', `Bearer ${'A'.repeat(8000)}`],
    ['authorization', 'Basic \xff\xfe'],
    ['cookie', `SESSION=${'a'.repeat(8000)}`],
    ['cookie', 'SESSION=%ff%00; BROWSER=%zz; KNOWN=!!~~'],
    ['cookie', '=;;=; __proto__=x; SESSION'],
    ['accept-language', ','.repeat(8000)],
    ['accept-language', '\xff-\xff;q=x'],
    ['origin', `https://${'a'.repeat(8000)}.example`],
    ['origin', 'https://\xff.example'],
    ['user-agent', '\xff'.repeat(4000)],
    ['sec-fetch-site', '\xff'],
    ['x-forwarded-for', "'; DROP TABLE users --"],
    ['x-forwarded-host', 'evil.example'],
    ['if-none-match', ','.repeat(8000)],
    ['content-type', ';'],
    ['host', 'a'.repeat(8000)],
    ['host', '[::1'],
    ['host', '\xff'],
    ['host', 'a b'],
  ])('%s: %s breaks nothing', async (name, template) => {
    const value = template.replaceAll(/\b(SESSION|BROWSER|KNOWN)\b/g, (word) =>
      cookieName(signet, word.toLowerCase() as 'session'),
    );
    for (const { path } of endpoints)
      for (const method of ['GET', 'POST']) {
        const answer = await rawRequest(signet.issuer, { method, path, headers: { [name]: value } });
        expect(answer.status, `${method} ${path} ${answer.body.slice(0, 200)}`).toBeLessThan(500);
        expect(JSON.stringify(answer)).not.toContain('evil.example');
      }
  });
});

describe('bytes that are no HTTP', () => {
  const talk = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(signet.issuer);
      const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
      let heard = '';
      socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
      socket.on('close', () => resolve(heard));
      socket.on('error', reject);
    });

  test.each([
    'nonsense\r\n\r\n',
    'GET /oauth/jwks HTTP/1.1\r\n\r\n',
    'GET /oauth/jwks HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
    'GET /oauth/\xff HTTP/1.1\r\nHost: x\r\n\r\n',
    'BREW /oauth/token HTTP/1.1\r\nHost: x\r\n\r\n',
    'PROPFIND /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef',
    'POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'GET /oauth/jwks HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n',
  ])('%j: a 4xx and the end of the connection', async (bytes) => {
    expect(await talk(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});

test('after all this, the server still answers', async () => {
  expect((await rawRequest(signet.issuer, { path: '/ready' })).status).toBe(200);
});
