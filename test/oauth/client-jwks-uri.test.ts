// Clients that publish their keys at an address of their own (jwks_uri): fetched when needed, kept, and never from where Signet may not go.
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { assertionOf, assertionType, type ClientKey, makeClientKey, postForm } from '../support/assertions.ts';
import { type Canary, openCanary } from '../support/canary.ts';
import { type LocalServer, serve } from '../support/local-server.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const api = 'https://api.example';
const own = {
  grant_types: ['client_credentials' as const],
  response_types: [],
  scope: 'api:read',
  token_endpoint_auth_method: 'private_key_jwt' as const,
};

let signet: TestSignet;
let host: LocalServer;
let canary: Canary;
let keys: readonly unknown[];
let answer: { status?: number; body?: string; headers?: Record<string, string> };
let visits = 0;
let [first, second]: ClientKey[] = [];
const lines: string[] = [];
beforeAll(async () => {
  [first, second] = await Promise.all([makeClientKey('ES256', 'first'), makeClientKey('ES256', 'second')]);
  host = await serve('127.0.0.1', () => {
    visits += 1;
    const headers = { 'content-type': 'application/json', 'cache-control': 'max-age=120', ...answer.headers };
    return { status: answer.status ?? 200, headers, body: answer.body ?? JSON.stringify({ keys }) };
  });
  canary = await openCanary();
  const { hostname, port } = new URL(host.origin);
  signet = await startSignet({
    log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }),
    config: { outboundAllow: [{ host: hostname, port: Number(port) }] },
    provision: { resources: [{ identifier: api, scopes: ['api:read'] }] },
  });
});
afterAll(async () => {
  await signet.stop();
  await host.close();
  await canary.close();
});

let client: string;
let made = 0;
/** Each test has an address of its own, of which nothing is kept. */
beforeEach(async () => {
  [keys, answer, visits] = [[first!.jwk], {}, 0];
  made += 1;
  client = `client ${made}`;
  await signet.provision({ clients: [{ ...own, client_id: client, jwks_uri: `${host.origin}/${made}` }] });
});

const ask = async (key: ClientKey, header: Record<string, unknown> = {}) =>
  postForm(`${signet.issuer}/oauth/token`, {
    grant_type: 'client_credentials',
    client_assertion: await assertionOf(signet, client, key, { header }),
    client_assertion_type: assertionType,
  });
const refused = { status: 400, body: { error: 'invalid_client' } };

test('they are fetched when they are needed, and kept as long as the answer says', async () => {
  expect((await ask(first!)).status).toBe(200);
  expect((await ask(first!)).status).toBe(200);
  expect(visits).toBe(1);
  signet.clock.advance(121);
  expect((await ask(first!)).status).toBe(200);
  expect(visits).toBe(2);
});

test('twenty at once fetch them once', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(first!)));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(visits).toBe(1);
});

test('a new key counts from its first use on; a flood of unknown ones is no flood of fetches', async () => {
  expect((await ask(first!)).status).toBe(200);
  keys = [first!.jwk, second!.jwk];
  expect(await ask(second!)).toMatchObject(refused);
  signet.clock.advance(31);
  expect((await ask(second!)).status).toBe(200);
  const before = visits;
  for (let i = 0; i < 5; i += 1) expect(await ask(second!, { kid: `made up ${i}` })).toMatchObject(refused);
  expect(visits - before).toBeLessThanOrEqual(1);
});

test('a key that was taken back is refused once the set is too old, five minutes at most', async () => {
  answer = { headers: { 'cache-control': 'max-age=86400' } };
  expect((await ask(first!)).status).toBe(200);
  keys = [second!.jwk];
  signet.clock.advance(301);
  expect(await ask(first!)).toMatchObject(refused);
});

test('while the address is away, the keys that are known go on for an hour; then nobody is let in', async () => {
  expect((await ask(first!)).status).toBe(200);
  answer = { status: 503 };
  signet.clock.advance(600);
  expect((await ask(first!)).status).toBe(200);
  signet.clock.advance(3600);
  const { status, body } = await ask(first!);
  expect([status, body['error_description']]).toEqual([400, 'The keys at the jwks_uri of this client cannot be had.']);
  answer = {};
  signet.clock.advance(10);
  expect((await ask(first!)).status).toBe(200);
});

test.each([
  ['a redirect', { status: 302, headers: { location: '/elsewhere' } }],
  ['HTML', { body: '<html></html>' }],
  ['JSON that is no key set', { body: '{"keys": 1}' }],
  ['more than 256 kB', { body: `{"keys": [], "x": "${'x'.repeat(300_000)}"}` }],
  ['not found', { status: 404 }],
])('%s is no key set', async (_what, wrong) => {
  answer = wrong;
  expect(await ask(first!)).toMatchObject(refused);
});

test('a private key, a symmetric one and one for encryption are passed over; the others of the set count', async () => {
  keys = [
    { ...first!.jwk, d: 'AAAA' },
    { kty: 'oct', k: 'AAAA' },
    { ...first!.jwk, use: 'enc' },
    null,
    7,
    { kty: 'constructor', crv: 'Ed25519' },
    second!.jwk,
  ];
  expect((await ask(second!)).status).toBe(200);
  expect(await ask(first!)).toMatchObject(refused);
});

test('M80: an address where Signet may not go is not visited, and no answer tells whether somebody is there', async () => {
  const told = new Set<string>();
  for (const uri of [
    `https://127.0.0.1:${canary.port}/keys`,
    `https://localhost:${canary.port}/keys`,
    `https://[::1]:${canary.port}/keys`,
    'https://127.0.0.1:1/keys',
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/keys',
  ]) {
    made += 1;
    client = `client ${made}`;
    await signet.provision({ clients: [{ ...own, client_id: client, jwks_uri: uri }] });
    const { status, body } = await ask(first!);
    told.add(JSON.stringify([status, body]));
  }
  expect([...told]).toEqual([
    JSON.stringify([
      400,
      { error: 'invalid_client', error_description: 'The keys at the jwks_uri of this client cannot be had.' },
    ]),
  ]);
  expect(canary.calls()).toBe(0);
  expect(lines.join('')).toContain('an address that is not public');
});
