// The metadata and the keys are the same bytes for everybody, whatever a request says of hosts and proxies (M82).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webClient, world } from '../support/flow.ts';
import { type RawAnswer, rawRequest } from '../support/raw-request.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/oauth/jwks'];
const odd: Record<string, string>[] = [
  { host: 'evil.example' },
  { host: 'evil.example:1234' },
  { host: 'localhost.evil.example' },
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-port': '99' },
  { forwarded: 'for=1.2.3.4;host=evil.example;proto=https' },
  { 'x-original-host': 'evil.example', 'x-original-url': '/evil', 'x-rewrite-url': '/evil' },
  { 'x-forwarded-prefix': '/evil', 'x-host': 'evil.example', 'x-http-host-override': 'evil.example' },
  { origin: 'https://evil.example', referer: 'https://evil.example/' },
  { accept: 'text/html', 'accept-language': 'de', 'accept-encoding': 'gzip, br' },
  { cookie: '__Host-signet-default-session=x', authorization: 'Bearer x' },
];
const queries = ['?x=1', '?issuer=https://evil.example', '?%ff', '?tenant=other', '?_=%3Cscript%3E'];

const shown = ({ status, headers, body }: RawAnswer) => {
  const { date: _date, connection: _connection, 'keep-alive': _alive, ...rest } = headers;
  return { status, headers: rest, body };
};

const servers: { name: string; trustProxy: string[] }[] = [
  { name: 'on its own', trustProxy: [] },
  { name: 'behind a proxy that is believed', trustProxy: ['127.0.0.1', '::1'] },
];

describe.each(servers)('M82 documents $name', ({ trustProxy }) => {
  let signet: TestSignet;
  beforeAll(async () => {
    signet = await startSignet({ provision: world, config: { trustProxy } });
    await signet.provision({ tenant: 'other', clients: [webClient] });
    await signet.provision({ tenant: { slug: 'hosted', host: 'hosted.localhost' }, clients: [webClient] });
  });
  afterAll(() => signet.stop());

  test('M82 are byte for byte the same with every odd header and query', async () => {
    for (const tenant of ['', '/t/other']) {
      for (const path of documents) {
        const plain = shown(await rawRequest(signet.issuer, { path: tenant + path }));
        expect(plain.status).toBe(200);
        for (const headers of odd)
          expect(
            shown(await rawRequest(signet.issuer, { path: tenant + path, headers })),
            JSON.stringify(headers),
          ).toEqual(plain);
        for (const query of queries)
          expect(shown(await rawRequest(signet.issuer, { path: tenant + path + query })), query).toEqual(plain);
        expect(plain.body).not.toContain('evil');
      }
    }
  });

  test('M82 may be kept for a bounded time, vary by nothing, and have an ETag that stays', async () => {
    for (const path of documents) {
      const { headers } = await rawRequest(signet.issuer, { path });
      const [, age = ''] = /^public, max-age=(\d+)$/.exec(String(headers['cache-control'])) ?? [];
      expect(Number(age)).toBeGreaterThan(0);
      expect(Number(age)).toBeLessThanOrEqual(3600);
      expect(headers['vary']).toBeUndefined();
      expect(headers['set-cookie']).toBeUndefined();
      const again = await rawRequest(signet.issuer, { path, headers: { 'if-none-match': String(headers['etag']) } });
      expect(shown(again)).toMatchObject({ status: 304, body: '', headers: { etag: headers['etag'] } });
      const head = await rawRequest(signet.issuer, { method: 'HEAD', path });
      expect(shown(head)).toMatchObject({ status: 200, body: '', headers: { etag: headers['etag'] } });
    }
  });

  test('M82 name their own issuer, and no tenant shows the keys of another', async () => {
    const kids = new Set<string>();
    let count = 0;
    const places: { prefix: string; issuer: string; host?: string }[] = [
      { prefix: '', issuer: signet.issuer },
      { prefix: '/t/other', issuer: `${signet.issuer}/t/other` },
      { prefix: '', issuer: 'http://hosted.localhost', host: 'hosted.localhost' },
    ];
    for (const { prefix, issuer, host } of places) {
      const headers = host === undefined ? {} : { host };
      const metadata = await rawRequest(signet.issuer, { path: prefix + documents[0]!, headers });
      const parsed = JSON.parse(metadata.body) as Record<string, unknown>;
      expect(parsed['issuer']).toBe(issuer);
      for (const [name, value] of Object.entries(parsed))
        if (/_(?:endpoint|uri)$/.test(name)) expect(value, name).toMatch(new RegExp(`^${issuer}/oauth/`));
      const { body } = await rawRequest(signet.issuer, { path: `${prefix}/oauth/jwks`, headers });
      for (const key of (JSON.parse(body) as { keys: Record<string, string>[] }).keys) {
        kids.add(key['kid']!);
        count += 1;
        for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key[member]).toBeUndefined();
      }
    }
    expect(kids.size).toBe(count);
  });

  test('M82 of an unknown tenant are a 404 that nobody keeps, before and after it exists', async () => {
    for (const slug of ['nowhere', 'default', 'hosted', 'Other', '%2e%2e', '__proto__']) {
      for (const path of documents) {
        const answer = await rawRequest(signet.issuer, { path: `/t/${slug}${path}` });
        expectRefused(answer, [404, 400]);
        expect(answer.headers['cache-control']).toBe('no-store');
        expect(answer.headers['etag']).toBeUndefined();
      }
    }
    await signet.provision({ tenant: 'nowhere', clients: [webClient] });
    const made = await rawRequest(signet.issuer, { path: `/t/nowhere${documents[0]!}` });
    expect((JSON.parse(made.body) as { issuer: string }).issuer).toBe(`${signet.issuer}/t/nowhere`);
  });
});
