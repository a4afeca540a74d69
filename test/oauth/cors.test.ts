// Who may read answers across origins: everybody the documents, registered origins the tokens, nobody what browsers visit.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorizationRequest, spaClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      ...world,
      clients: [
        ...world.clients,
        { ...webClient, client_id: 'gone', redirect_uris: ['https://gone.example/cb'], disabled: true },
        { ...webClient, client_id: 'ported', redirect_uris: ['https://ported.example:8443/a/cb'] },
      ],
    },
  });
  await signet.provision({
    tenant: { slug: 'acme', name: 'Acme' },
    clients: [{ ...webClient, redirect_uris: ['https://acme.example/cb'] }],
  });
});
afterAll(() => signet.stop());

const registered = 'https://spa.example';
const strangers = [
  'https://evil.example',
  'https://spa.example.evil.example',
  'http://spa.example',
  'https://spa.example:8443',
  'https://ported.example',
  'https://gone.example',
  'https://acme.example',
  'null',
  '*',
];

const send = (path: string, origin: string, method = 'GET') =>
  fetch(`${signet.issuer}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      origin,
      ...(method === 'OPTIONS'
        ? { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }
        : {}),
    },
  });
const headersAllowed = (response: Response) =>
  (response.headers.get('access-control-allow-headers') ?? '').toLowerCase().split(', ');
const corsOf = (response: Response) =>
  [...response.headers.keys()].filter((name) => name.startsWith('access-control-'));

test.each(['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/oauth/jwks'])(
  '%s: everybody, without credentials',
  async (path) => {
    const response = await send(path, 'https://anybody.example');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    const preflight = await send(path, 'https://anybody.example', 'OPTIONS');
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD');
    expect(headersAllowed(preflight)).toEqual(expect.arrayContaining(['traceparent', 'x-requested-with']));
    expect(preflight.headers.has('access-control-allow-credentials')).toBe(false);
  },
);

describe.each(['/oauth/token', '/oauth/revoke', '/oauth/userinfo', '/api/userinfo'])('%s', (path) => {
  test('a registered origin may read every answer, also errors and their challenge', async () => {
    for (const origin of [registered, 'https://ported.example:8443']) {
      const response = await send(path, origin, 'POST');
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
      expect(response.headers.has('access-control-allow-credentials')).toBe(false);
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });

  test('the preflight of a registered origin is answered', async () => {
    const response = await send(path, registered, 'OPTIONS');
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(response.headers.get('access-control-allow-origin')).toBe(registered);
    expect(response.headers.get('access-control-allow-methods')).toContain('POST');
    expect(headersAllowed(response).slice(0, 2)).toEqual(['authorization', 'content-type']);
    for (const harmless of ['traceparent', 'tracestate', 'x-requested-with', 'accept-language'])
      expect(headersAllowed(response)).toContain(harmless);
    // Whoever may set these may say where a request came from.
    for (const name of headersAllowed(response))
      expect(name).not.toMatch(/forwarded|host|proxy|cookie|^origin$|real-ip/);
    expect(response.headers.get('vary')).toContain('Origin');
  });

  test.each(strangers)('%s may read nothing, and its preflight allows nothing', async (origin) => {
    for (const method of ['POST', 'OPTIONS']) {
      const response = await send(path, origin, method);
      expect(corsOf(response)).toEqual([]);
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });
});

test('a public client at a loopback IP may come from any port, as its redirect URI may', async () => {
  const allowed = async (origin: string) =>
    (await send('/oauth/token', origin, 'POST')).headers.get('access-control-allow-origin') === origin;
  await signet.provision({
    clients: [
      { ...spaClient, client_id: 'loopback', redirect_uris: ['http://127.0.0.1:4100/cb'] },
      { ...webClient, client_id: 'confidential', redirect_uris: ['http://[::1]:4100/cb'] },
      { ...spaClient, client_id: 'named', redirect_uris: ['http://localhost:4100/cb'] },
    ],
  });
  const origins = [
    'http://127.0.0.1:4100',
    'http://127.0.0.1:51234',
    'http://127.0.0.1',
    'http://[::1]:4100',
    'http://localhost:4100',
  ];
  for (const origin of origins) expect(await allowed(origin), origin).toBe(true);
  const others = [
    'http://[::1]:51234',
    'http://localhost:51234',
    'https://127.0.0.1:51234',
    'http://127.0.0.1:70000',
    'http://127.0.0.1:1.evil.example',
    'http://127.0.0.1:51234/',
    'http://127.0.0.1:51234?',
    'http://127.0.0.2:51234',
  ];
  for (const origin of others) expect(await allowed(origin), origin).toBe(false);
});

test('where browsers are sent, nobody reads across origins: no header, no preflight', async () => {
  const authorize = authorizationRequest(signet, webClient).url.slice(signet.issuer.length);
  for (const path of [authorize, '/oauth/logout', '/sign-in', '/account', '/consent?attempt=x'])
    for (const method of ['GET', 'OPTIONS']) {
      const response = await send(path, registered, method);
      expect(corsOf(response), `${method} ${path}`).toEqual([]);
      // 403 where the scope refuses other sites before it looks at the method.
      if (method === 'OPTIONS') expect([403, 405]).toContain(response.status);
    }
});

test('a client that registers an origin is heard at once, and one that is disabled no longer', async () => {
  const origin = 'https://new.example';
  const client = { ...webClient, client_id: 'new', redirect_uris: [`${origin}/cb`] };
  const allowed = async () => (await send('/oauth/token', origin, 'POST')).headers.get('access-control-allow-origin');
  expect(await allowed()).toBeNull();
  await signet.provision({ clients: [client] });
  expect(await allowed()).toBe(origin);
  await signet.provision({ clients: [{ ...client, disabled: true }] });
  expect(await allowed()).toBeNull();
});
