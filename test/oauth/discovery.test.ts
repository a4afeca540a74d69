// The documents that everybody may read: what discovery promises, the key set, and how caches may keep them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenExchangeGrant } from '../../src/domain/client.ts';
import { world } from '../support/flow.ts';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ tenant: { slug: 'acme', name: 'Acme' } });
});
afterAll(() => signet.stop());

const openid = '/.well-known/openid-configuration';
const oauth = '/.well-known/oauth-authorization-server';

async function documentAt(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${signet.issuer}${path}`);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

test('the default issuer: both documents are one, and say exactly what is there', async () => {
  const document = await documentAt(openid);
  expect(await documentAt(oauth)).toEqual(document);
  expect(document).toMatchObject({
    issuer: signet.issuer,
    authorization_endpoint: `${signet.issuer}/oauth/authorize`,
    token_endpoint: `${signet.issuer}/oauth/token`,
    userinfo_endpoint: `${signet.issuer}/oauth/userinfo`,
    jwks_uri: `${signet.issuer}/oauth/jwks`,
    end_session_endpoint: `${signet.issuer}/oauth/logout`,
    revocation_endpoint: `${signet.issuer}/oauth/revoke`,
    introspection_endpoint: `${signet.issuer}/oauth/introspect`,
    introspection_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'client_secret_jwt',
    ],
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'form_post'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', tokenExchangeGrant],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'client_secret_jwt',
      'none',
    ],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'ES256', 'PS256', 'EdDSA', 'HS256'],
    subject_types_supported: ['public'],
    authorization_response_iss_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    claims_parameter_supported: true,
  });
});

test('every endpoint that it names is there', async () => {
  const document = await documentAt(openid);
  const named = Object.entries(document).filter(([name]) => /_(?:endpoint|uri)$/.test(name)) as [string, string][];
  expect(named.length).toBeGreaterThanOrEqual(6);
  for (const [name, url] of named) {
    const { status } = await fetch(url, { method: name === 'jwks_uri' ? 'GET' : 'POST', redirect: 'manual' });
    expect([404, 405, 500], name).not.toContain(status);
  }
});

test.each([`/t/acme${openid}`, `/t/acme${oauth}`, `${openid}/t/acme`, `${oauth}/t/acme`])(
  'a tenant with a path: %s, appended and inserted',
  async (path) => {
    const issuer = `${signet.issuer}/t/acme`;
    expect(await documentAt(path)).toMatchObject({ issuer, jwks_uri: `${issuer}/oauth/jwks` });
  },
);

describe.each([openid, oauth, '/oauth/jwks', `${oauth}/t/acme`, '/t/acme/oauth/jwks'])('%s', (path) => {
  test('may be kept for minutes and is the same until it changes: 304 for its ETag', async () => {
    const first = await fetch(`${signet.issuer}${path}`);
    const etag = first.headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect(first.headers.get('cache-control')).toBe('public, max-age=300');
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await fetch(`${signet.issuer}${path}`, { headers: { 'if-none-match': value } });
      expect([again.status, await again.text()], value).toEqual([304, '']);
      expect(again.headers.get('etag')).toBe(etag);
      expect(again.headers.get('cache-control')).toBe('public, max-age=300');
    }
    const other = await fetch(`${signet.issuer}${path}`, { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });

  test('HEAD has the headers of GET and no body', async () => {
    const get = await rawRequest(signet.issuer, { path });
    const head = await rawRequest(signet.issuer, { method: 'HEAD', path });
    expect([head.status, head.body]).toEqual([200, '']);
    for (const name of ['content-type', 'content-length', 'etag', 'cache-control'])
      expect(head.headers[name], name).toBe(get.headers[name]);
  });

  test('POST: 405 that says what is allowed', async () => {
    const answer = await rawRequest(signet.issuer, { method: 'POST', path, body: '' });
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });
});

test('the key set holds public keys only, one per algorithm, each with kid, alg and use', async () => {
  const response = await fetch(`${signet.issuer}/oauth/jwks`);
  expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
  const { keys } = (await response.json()) as { keys: Record<string, string>[] };
  const shapes = keys.map((key) => Object.keys(key).sort().join(' ')).sort();
  expect(shapes).toEqual(['alg crv kid kty use x y', 'alg e kid kty n use']);
  expect(keys.map(({ alg, use }) => `${alg} ${use}`).sort()).toEqual(['ES256 sig', 'RS256 sig']);
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(2);
});

test('no two tenants share a key', async () => {
  const kids = async (path: string) => ((await documentAt(path))['keys'] as { kid: string }[]).map(({ kid }) => kid);
  const ours = await kids('/oauth/jwks');
  for (const kid of await kids('/t/acme/oauth/jwks')) expect(ours).not.toContain(kid);
});
