// The first-party API for an application that proves itself by an assertion (RFC 7523), as at the token endpoint.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertionOf, assertionType, type ClientKey, makeClientKey, postForm } from '../support/assertions.ts';
import { postJson } from '../support/first-party.ts';
import { createAgent } from '../support/agent.ts';
import { alice, authorizationRequest, authorizeInteractively, claimsOf, webClient, world } from '../support/flow.ts';
import { codeOf, enrol, type Enrolled } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const own = {
  client_id: 'backend',
  first_party: true,
  token_endpoint_auth_method: 'private_key_jwt' as const,
  grant_types: ['refresh_token' as const],
  response_types: [],
  scope: 'openid profile offline_access',
};
const careful = { username: 'careful', password: 'two things are better than one' };

let signet: TestSignet;
let key: ClientKey;
let person: Enrolled;
beforeAll(async () => {
  key = await makeClientKey('ES256');
  signet = await startSignet({
    provision: { users: [...world.users, careful], clients: [{ ...own, jwks: { keys: [key.jwk] } }] },
  });
  person = await enrol(signet, careful);
});
afterAll(() => signet.stop());

const proof = async (by = key) => ({
  client_assertion: await assertionOf(signet, own.client_id, by),
  client_assertion_type: assertionType,
});
const post = (path: string, body: object) => postJson(`${signet.issuer}${path}`, body);

test('signing in, refreshing and signing out, each with an assertion of its own', async () => {
  const { status, body } = await post('/auth/login', { ...alice, ...(await proof()) });
  expect([status, claimsOf(body.access_token)['client_id']]).toEqual([200, 'backend']);
  const again = await post('/auth/refresh', { refresh_token: body.refresh_token, ...(await proof()) });
  expect(again.status).toBe(200);
  const out = await post('/auth/logout', { refresh_token: again.body.refresh_token, ...(await proof()) });
  expect(out.status).toBe(204);
});

test('the second factor as well, with the partial token', async () => {
  const half = await post('/auth/login', { ...careful, ...(await proof()) });
  expect(half.body).toMatchObject({ mfa_required: true });
  const code = codeOf(person.secret, signet.clock.now + 30_000);
  signet.clock.advance(30);
  const { status, body } = await post('/auth/mfa/verify', { token: half.body.token, code, ...(await proof()) });
  expect([status, body]).toMatchObject([200, { mfa_verified: true }]);
});

test('without one, with one that was used, or one by another key: refused, and nobody is signed in', async () => {
  const used = await proof();
  expect((await post('/auth/login', { ...alice, ...used })).status).toBe(200);
  const stranger = await makeClientKey('ES256');
  for (const given of [
    { client_id: 'backend' },
    used,
    await proof(stranger),
    { ...(await proof()), client_secret: 'x' },
  ])
    expect(await post('/auth/login', { ...alice, ...given })).toMatchObject({
      status: expect.toSatisfy((status) => status === 401 || status === 400),
      body: expect.objectContaining({ code: expect.stringMatching(/^invalid_(?:client|request)$/) }),
    });
  const { body } = await post('/auth/login', { ...alice, ...(await proof()) });
  expect((await post('/auth/refresh', { refresh_token: body.refresh_token })).status).toBeGreaterThanOrEqual(400);
});

test('a program ends the session of its ID token by an assertion', async () => {
  const web = {
    ...webClient,
    client_id: 'web-signs',
    token_endpoint_auth_method: 'private_key_jwt' as const,
    first_party: true,
  };
  const { client_secret: _secret, ...client } = web;
  await signet.provision({ clients: [{ ...client, jwks: { keys: [key.jwk] } }] });
  const agent = createAgent();
  const asked = authorizationRequest(signet, client);
  const code = (await authorizeInteractively(agent, asked)).get('code')!;
  const { body } = await postForm(`${signet.issuer}/oauth/token`, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: asked.redirectUri,
    code_verifier: asked.verifier,
    client_assertion: await assertionOf(signet, web.client_id, key),
    client_assertion_type: assertionType,
  });
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  const out = await fetch(`${signet.issuer}/oauth/logout`, {
    method: 'POST',
    body: new URLSearchParams({
      id_token_hint: String(body['id_token']),
      client_assertion: await assertionOf(signet, web.client_id, key),
      client_assertion_type: assertionType,
    }),
  });
  expect(out.status).toBe(200);
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(303);
});
