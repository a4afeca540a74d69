// Odd Host headers: the tenant that is meant, nothing looked up for what can be no host, and nobody else's header decides.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SentStatement } from '../../src/storage/database.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const publicUrl = 'https://id.example.com';
const path = '/.well-known/openid-configuration';

let signet: TestSignet;
let address: string;
const sent: SentStatement[] = [];
beforeAll(async () => {
  signet = await startSignet({
    config: { publicUrl, trustProxy: ['127.0.0.1', '::1'] },
    observe: (statement) => sent.push(statement),
  });
  address = `http://localhost:${signet.config.port}`;
  await signet.provision({ tenant: { slug: 'acme', host: 'acme.example.com' } });
  await signet.provision({ tenant: { slug: 'port', host: 'acme.example.com:8443' } });
  await issuerAt('id.example.com');
});
beforeEach(() => {
  sent.length = 0;
});
afterAll(() => signet.stop());

async function issuerAt(host: string, headers: Record<string, string> = {}): Promise<unknown> {
  const { status, body } = await rawRequest(address, { path, headers: { host, ...headers } });
  return status === 200 ? (JSON.parse(body) as { issuer: string }).issuer : status;
}
const lookups = () => sent.filter(({ text }) => /from "tenants" where .*"host"/.test(text));

test.each([
  'acme.example.com',
  'ACME.Example.COM',
  'acme.example.com:443',
  'acme.example.com:80',
  'acme.example.com.',
  'acme.example.com.:443',
  'ACME.example.com.:80',
])('%s is the host of that tenant', async (host) => {
  expect(await issuerAt(host)).toBe('https://acme.example.com');
});

test.each(['acme.example.com:8443', 'ACME.EXAMPLE.COM.:8443'])('%s: another port is another host', async (host) => {
  expect(await issuerAt(host)).toBe('https://acme.example.com:8443');
});

test.each([
  'id.example.com',
  'ID.example.com.:443',
  'other.example.com',
  'acme.example.com:8444',
  'acme.example.com:0443',
  'acme.example.com..',
  'acme.example.com, id.example.com',
  'acme.example.com/',
  'user@acme.example.com',
  '[::1]:443',
  '',
])('%j is nobody else: the default tenant answers', async (host) => {
  expect(await issuerAt(host)).toBe(publicUrl);
});

test.each(['a b', 'acme example com', 'x'.repeat(15_000), `${'a'.repeat(300)}.example`, 'a_b', "' OR 1=1 --", '['])(
  'what can be no host (%#) is not looked up',
  async (host) => {
    expect(await issuerAt(host)).toBe(publicUrl);
    expect(lookups()).toEqual([]);
  },
);

test('an unknown host is looked up once, and a tenant made there is found at once', async () => {
  for (let i = 0; i < 3; i += 1) expect(await issuerAt('late.example.com')).toBe(publicUrl);
  expect(lookups()).toHaveLength(1);
  await signet.provision({ tenant: { slug: 'late', host: 'late.example.com' } });
  expect(await issuerAt('late.example.com')).toBe('https://late.example.com');
});

test.each([{ 'x-forwarded-host': 'acme.example.com' }, { forwarded: 'host=acme.example.com' }])(
  '%j chooses no tenant, though the proxy is trusted',
  async (headers) => {
    expect(await issuerAt('id.example.com', headers)).toBe(publicUrl);
    expect(await issuerAt('acme.example.com', { 'x-forwarded-host': 'id.example.com' })).toBe(
      'https://acme.example.com',
    );
  },
);
