// Wrong authorization requests: the exact error for a proven client, with iss and state; a page and no redirect for an unproven one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { authorizationRequest, spaClient, type TestClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, pageError, responseParams, signIn } from '../support/visits.ts';

let signet: TestSignet;
const secret = 'another-secret-of-at-least-32-characters';
const laxClient = {
  client_id: 'lax',
  client_secret: secret,
  redirect_uris: ['https://lax.example/cb?fixed=1'],
  require_pkce: false,
};
const codeless = {
  client_id: 'codeless',
  client_secret: secret,
  redirect_uris: ['https://codeless.example/cb'],
  grant_types: ['refresh_token' as const],
};
const disabled = { client_id: 'off', client_secret: secret, redirect_uris: ['https://off.example/cb'], disabled: true };
const narrow = {
  client_id: 'narrow',
  client_secret: secret,
  redirect_uris: ['https://narrow.example/cb'],
  scope: 'openid',
};
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, laxClient, codeless, disabled, narrow] },
  });
});
afterAll(() => signet.stop());

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';

describe('told to the client, with state and iss', () => {
  test.each<[string, TestClient, Record<string, string | undefined>]>([
    ['invalid_request', webClient, { response_type: undefined }],
    ['unsupported_response_type', webClient, { response_type: 'CODE' }],
    ['invalid_request', webClient, { response_mode: 'query.jwt' }],
    ['unauthorized_client', codeless, {}],
    ['invalid_scope', narrow, { scope: 'profile email' }],
    ['invalid_scope', webClient, { scope: 'openid "quoted"' }],
    ['invalid_scope', webClient, { scope: 'openid\tprofile' }],
    ['invalid_target', webClient, { resource: 'https://api.unknown.example' }],
    ['invalid_target', webClient, { resource: 'not-absolute' }],
    ['request_not_supported', webClient, { request: 'eyJhbGciOiJub25lIn0.e30.' }],
    ['request_uri_not_supported', webClient, { request_uri: 'https://web.example/request.jwt' }],
    ['registration_not_supported', webClient, { registration: '{}' }],
    ['invalid_request', webClient, { code_challenge: undefined, code_challenge_method: undefined }],
    ['invalid_request', spaClient, { code_challenge: undefined, code_challenge_method: undefined }],
    ['invalid_request', webClient, { code_challenge: '' }],
    ['invalid_request', webClient, { code_challenge_method: undefined }],
    ['invalid_request', webClient, { code_challenge_method: 'plain' }],
    ['invalid_request', webClient, { code_challenge: `${challenge}A` }],
    ['invalid_request', webClient, { code_challenge: challenge.slice(1) }],
    ['invalid_request', webClient, { code_challenge: challenge.replace('-', '+') }],
    ['invalid_request', laxClient, { code_challenge: undefined }],
    ['invalid_request', laxClient, { code_challenge_method: 'plain' }],
    ['invalid_request', webClient, { nonce: 'n'.repeat(1001) }],
    ['invalid_request', webClient, { login_hint: 'h'.repeat(1001) }],
  ])('%s: %o %o', async (error, client, change) => {
    // Signed in, so that nothing but the check stands between the request and a code.
    const agent = await signIn(signet);
    const asked = authorizationRequest(signet, client, change);
    const answer = await agent.get(asked.url);
    expect(answer.status).toBe(303);
    expect(answer.location?.startsWith(client.redirect_uris[0]!)).toBe(true);
    expect(responseParams(answer)).toMatchObject({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/) as string,
      state: asked.state,
      iss: signet.issuer,
    });
    expect(responseParams(answer)).not.toHaveProperty('code');
  });

  test.each(['scope', 'nonce', 'code_challenge', 'prompt', 'unheard_of'])('%s twice: invalid_request', async (name) => {
    const { url } = authorizationRequest(signet, webClient, { [name]: 'login' });
    const answer = await createAgent().get(`${url}&${name}=again`);
    expect(responseParams(answer)).toMatchObject({ error: 'invalid_request', iss: signet.issuer });
  });

  test('a fixed query of the redirect URI is kept, and a code comes with iss as well', async () => {
    const agent = await signIn(signet);
    expect((await ask(signet, agent, laxClient, { response_type: 'x' })).location).toMatch(
      /^https:\/\/lax\.example\/cb\?fixed=1&error=unsupported_response_type&/,
    );
    const own = world.clients.at(-1)!;
    expect(responseParams(await ask(signet, agent, own))['iss']).toBe(signet.issuer);
  });
});

describe('shown to the person, never redirected', () => {
  test.each<[string, TestClient, Record<string, string | undefined>]>([
    ['invalid_request', webClient, { client_id: undefined }],
    ['invalid_request', webClient, { client_id: '' }],
    ['invalid_client', webClient, { client_id: 'nobody' }],
    ['invalid_client', webClient, { client_id: 'web\n' }],
    ['invalid_client', disabled, {}],
    ['invalid_request', webClient, { redirect_uri: undefined }],
    ['invalid_request', webClient, { redirect_uri: 'https://evil.example/cb' }],
    ['invalid_request', webClient, { redirect_uri: 'javascript:alert(1)' }],
    ['invalid_request', webClient, { redirect_uri: spaClient.redirect_uris[0] }],
    ['invalid_request', webClient, { state: 's'.repeat(4001) }],
  ])('%s: %o %o', async (code, client, change) => {
    const answer = await (await signIn(signet)).get(authorizationRequest(signet, client, change).url);
    expect(answer.status).toBe(400);
    expect(answer.location).toBeUndefined();
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(pageError(answer).code).toBe(code);
  });

  test.each(['client_id', 'redirect_uri', 'state', 'response_mode'])(
    '%s twice: nobody knows where an answer belongs',
    async (name) => {
      const { url } = authorizationRequest(signet, webClient, { response_mode: 'query' });
      const value = new URL(url).searchParams.get(name)!;
      const answer = await (await signIn(signet)).get(`${url}&${name}=${encodeURIComponent(value)}`);
      expect(outcomeOf(answer)).toBe('page invalid_request');
      expect(answer.location).toBeUndefined();
    },
  );
});

test('a client that opted out of PKCE needs no challenge, and may still send one', async () => {
  const agent = await signIn(signet);
  const without = { code_challenge: undefined, code_challenge_method: undefined };
  expect(outcomeOf(await ask(signet, agent, laxClient, without))).toBe('consent');
  expect(outcomeOf(await ask(signet, agent, laxClient))).toBe('consent');
});
