// One machine, several names and ports: a browser is led to the issuer's name, and Signets on two ports do not share cookies.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { authorizationRequest, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { rawRequest } from '../support/raw-request.ts';
import { signIn } from '../support/visits.ts';

let signet: TestSignet;
let other: TestSignet;
let port: string;
beforeAll(async () => {
  [signet, other] = await Promise.all([startSignet({ provision: world }), startSignet({ provision: world })]);
  ({ port } = new URL(signet.issuer));
});
afterAll(() => Promise.all([signet.stop(), other.stop()]));

const visit = (path: string, headers: Record<string, string>, method = 'GET') =>
  rawRequest(signet.issuer, { method, path, headers: { accept: 'text/html', ...headers } });
const navigation = { 'sec-fetch-mode': 'navigate' };

test.each(['127.0.0.1', '[::1]', 'signet.localhost', '127.0.0.2'])(
  'a navigation to %s goes on at the issuer',
  async (name) => {
    const { url } = authorizationRequest(signet, webClient);
    for (const path of ['/', '/sign-in?attempt=x', '/account', url.slice(signet.issuer.length)]) {
      const answer = await visit(path, { host: `${name}:${port}`, ...navigation });
      expect([answer.status, answer.headers['location']], path).toEqual([307, signet.issuer + path]);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  },
);

test.each<[string, string, Record<string, string>, string?]>([
  ['at the issuer itself', 'localhost', navigation],
  ['a program', '127.0.0.1', {}],
  ['a script', '127.0.0.1', { 'sec-fetch-mode': 'cors' }],
  ['a form', '127.0.0.1', { ...navigation, 'content-type': 'application/x-www-form-urlencoded' }, 'POST'],
  ['a name that leads elsewhere', 'evil.example', navigation],
  ['a name that begins like one of this machine', 'localhost.evil.example', navigation],
])('%s: answered where it came', async (_what, name, headers, method) => {
  const answer = await visit('/sign-in', { host: `${name}:${port}`, ...headers }, method);
  expect(answer.status).not.toBe(307);
});

test('another port may be a proxy, or another process of the same issuer: answered where it came', async () => {
  for (const other of ['1', '99999'])
    expect((await visit('/sign-in', { host: `127.0.0.1:${other}`, ...navigation })).status, other).toBe(200);
});

test('an address that names a host itself leads nowhere else', async () => {
  for (const path of ['//evil.example/sign-in', 'http://evil.example/sign-in', '/\\evil.example']) {
    const { headers } = await visit(path, { host: `127.0.0.1:${port}`, ...navigation });
    expect(String(headers['location'] ?? signet.issuer), path).toMatch(new RegExp(`^${signet.issuer}(?:/|$)`));
  }
});

test('two Signets on one machine: one browser is signed in at both, and signing out of one ends nothing at the other', async () => {
  const agent = createAgent();
  await signIn(signet, undefined, agent);
  await signIn(other, undefined, agent);
  for (const { issuer } of [signet, other]) expect((await agent.get(`${issuer}/account`)).status).toBe(200);
  expect(agent.cookies.size).toBe(6);
});
