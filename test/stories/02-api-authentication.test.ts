// Use case 2, API authentication: `api_user` signs in with its key and calls an API, which keeps no session and asks nobody.
import { randomBytes } from 'node:crypto';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { revokeServiceKey } from '../../src/flows/service-accounts/keys.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { requireToken } from '../../src/verifier/fastify.ts';
import { createVerifier } from '../../src/verifier/verifier.ts';
import { type ApiAnswer, api, backend, postJson } from '../support/first-party.ts';
import { claimsOf } from '../support/flow.ts';
import { callService } from '../support/services.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const audience = 'https://users.example/api';
const newKey = () => `sgk_${randomBytes(32).toString('base64url')}`;
const [key, leaked] = [newKey(), newKey()];

let signet: TestSignet;
let app: FastifyInstance;
let users: string;
/** How often the API has asked Signet for anything. */
let asked = 0;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      // What programs get that name no resource.
      settings: { default_resource: audience },
      resources: [{ identifier: audience, scopes: ['users:read'] }, api],
      clients: [{ ...backend, scope: 'orders:read' }],
      service_accounts: [
        {
          username: 'api_user',
          keys: [
            { name: 'first', key },
            { name: 'leaked', key: leaked },
          ],
        },
      ],
    },
  });
  const verifier = createVerifier({
    issuer: signet.issuer,
    audience,
    now: () => signet.clock.now,
    fetch(input, init) {
      asked += 1;
      return fetch(input, init);
    },
  });
  app = Fastify();
  app.get('/api/users', { onRequest: requireToken(verifier) }, () => ({ users: [{ name: 'Ada' }, { name: 'Grace' }] }));
  users = `${await app.listen({ host: '127.0.0.1', port: 0 })}/api/users`;
});
afterAll(async () => {
  await app?.close();
  await signet.stop();
});

/** POST /api/auth/login, as in the use case. */
const signIn = (password: string, more: object = {}): Promise<ApiAnswer> =>
  postJson(`${signet.issuer}/api/auth/login`, { username: 'api_user', password, ...more });

test('a username and a key for a token, and the token for the users', async () => {
  const { status, body } = await signIn(key);
  expect(status).toBe(200);
  expect(body).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
  const answer = await callService(users, body.access_token);
  expect(answer).toEqual({
    status: 200,
    challenge: null,
    body: { users: [{ name: 'Ada' }, { name: 'Grace' }] },
  });
});

test('one token is good for many calls, and the API asks Signet about none of them', async () => {
  const { body } = await signIn(key);
  expect((await callService(users, body.access_token)).status).toBe(200);
  const before = asked;
  for (let call = 0; call < 5; call += 1) expect((await callService(users, body.access_token)).status).toBe(200);
  const another = (await signIn(key)).body.access_token;
  expect((await callService(users, another)).status).toBe(200);
  expect([before > 0, asked - before]).toEqual([true, 0]);
});

describe('refused', () => {
  const refusal = (error: string, description: string) =>
    `Bearer realm="${audience}", error="${error}", error_description="${description}"`;

  test.each([
    ['a wrong key', newKey()],
    ['no key at all', 'api_key'],
  ])('%s: 401, and no token', async (_what, password) => {
    const { status, headers, body } = await signIn(password);
    expect([status, body.code]).toEqual([401, 'wrong_credentials']);
    expect(headers.get('www-authenticate')).not.toBeNull();
    expect(body.access_token).toBeUndefined();
  });

  test('a revoked key signs nobody in; what it was given before ends by itself', async () => {
    const { body: before } = await signIn(leaked);
    const { deps } = signet.server;
    const tenant = (await tenantBySlug(deps, 'default'))!;
    await revokeServiceKey(deps, contextWithoutRequest(deps, tenant, signet.clock.now), 'api_user', 'leaked');
    expect((await signIn(leaked)).status).toBe(401);
    expect((await signIn(key)).status).toBe(200);
    expect((await callService(users, before.access_token)).status).toBe(200);
  });

  test('no token', async () => {
    expect(await callService(users)).toMatchObject({ status: 401, challenge: `Bearer realm="${audience}"` });
  });

  test('a token for another API', async () => {
    const { client_id, client_secret } = backend;
    const { body } = await signIn(key, { client_id, client_secret, resource: api.identifier, scope: 'orders:read' });
    expect(claimsOf(body.access_token)['aud']).toBe(api.identifier);
    expect(await callService(users, body.access_token)).toMatchObject({
      status: 401,
      challenge: refusal('invalid_token', 'The access token is for another audience.'),
    });
  });

  test.each([
    ['the key itself', () => key],
    [
      'a token of which one letter was changed',
      (token: string) => token.replace(/\.(.)/, (_, first) => `.${first === 'e' ? 'f' : 'e'}`),
    ],
    ['a token without its signature', (token: string) => token.replace(/[^.]+$/, '')],
  ])('%s', async (_what, change) => {
    const { body } = await signIn(key);
    const answer = await callService(users, change(body.access_token));
    expect([answer.status, answer.challenge]).toEqual([401, expect.stringContaining('error="invalid_token"')]);
  });

  test('a token that has expired, though it was good a moment ago', async () => {
    const { body } = await signIn(key);
    expect((await callService(users, body.access_token)).status).toBe(200);
    // Two clocks may differ by five seconds.
    signet.clock.advance(906);
    expect(await callService(users, body.access_token)).toMatchObject({
      status: 401,
      challenge: refusal('invalid_token', 'The access token has expired.'),
    });
    expect((await callService(users, (await signIn(key)).body.access_token)).status).toBe(200);
  });
});
