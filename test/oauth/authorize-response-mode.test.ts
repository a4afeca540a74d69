// How the answer travels: in the query or fragment of a redirect, or in a page that posts itself; with the issuer, unless a client is let off.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Answer, createAgent, field } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  exchangeCode,
  ownClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, responseParams, signIn } from '../support/visits.ts';

const native = {
  client_id: 'native',
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: ['com.example.app:/cb'],
};

const issless = {
  ...ownClient,
  client_id: 'issless',
  redirect_uris: ['https://issless.example/cb'],
  authorization_response_iss: false,
};

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, native, issless] } });
});
afterAll(() => signet.stop());

function expectFormTo(page: Answer, action: string): void {
  expect(page.status).toBe(200);
  expect(page.location).toBeUndefined();
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.body).toContain(`<form method="post" action="${action}">`);
  const nonce = /<script nonce="([^"]+)">/.exec(page.body)?.[1];
  expect(page.headers.get('content-security-policy')).toContain(`script-src 'nonce-${nonce}'`);
}

test('response_mode query is the default said aloud', async () => {
  expect(responseParams(await ask(signet, await signIn(signet), ownClient, { response_mode: 'query' }))).toHaveProperty(
    'code',
  );
});

test('form_post: code, state and iss stand in a form to the redirect URI, nothing in an address', async () => {
  const agent = await signIn(signet);
  const asked = authorizationRequest(signet, ownClient, { response_mode: 'form_post', state: 'a"<&>b' });
  const page = await agent.get(asked.url);
  expectFormTo(page, ownClient.redirect_uris[0]!);
  expect([field(page, 'state'), field(page, 'iss')]).toEqual(['a"<&>b', signet.issuer]);
  expect((await exchangeCode(signet, ownClient, asked, field(page, 'code'))).status).toBe(200);
});

test('form_post lasts through the sign-in page, and to its cancel button', async () => {
  const agent = createAgent();
  const change = { response_mode: 'form_post' };
  const page = await ask(signet, agent, ownClient, change);
  const done = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expectFormTo(done, ownClient.redirect_uris[0]!);
  const other = createAgent();
  const cancelled = await other.post(`${signet.issuer}/sign-in`, {
    attempt: field(await ask(signet, other, webClient, change), 'attempt'),
    cancel: '1',
  });
  expectFormTo(cancelled, webClient.redirect_uris[0]!);
  expect([field(cancelled, 'error'), field(cancelled, 'iss')]).toEqual(['access_denied', signet.issuer]);
});

test.each([{ response_type: 'token' }, { scope: '"' }, { prompt: 'none' }])(
  'form_post: the error of %o travels in the form as well',
  async (change) => {
    const page = await ask(signet, createAgent(), webClient, { ...change, response_mode: 'form_post' });
    expectFormTo(page, webClient.redirect_uris[0]!);
    expect(field(page, 'error')).toMatch(/^(unsupported_response_type|invalid_scope|login_required)$/);
    expect(field(page, 'iss')).toBe(signet.issuer);
  },
);

test('form_post cannot go to a private-use scheme: an error comes there by redirect, no page with a script', async () => {
  const answer = await ask(signet, await signIn(signet), native, { response_mode: 'form_post' });
  expect(answer.body).not.toContain('<script');
  expect(answer.location).toMatch(/^com\.example\.app:\/cb\?error=invalid_request&/);
});

test.each<Record<string, string>>([
  { response_type: 'token' },
  { response_type: 'code id_token' },
  { response_type: 'id_token', response_mode: 'query' },
  { response_mode: 'fragment' },
])('%o: the error stands in the fragment, where what asks so looks for it', async (change) => {
  const { location } = await ask(signet, await signIn(signet), webClient, { ...change, state: 'kept' });
  const [address, fragment] = location!.split('#');
  expect(address).toBe(webClient.redirect_uris[0]);
  expect(Object.fromEntries(new URLSearchParams(fragment))).toMatchObject({
    error: expect.stringMatching(/^(unsupported_response_type|invalid_request)$/) as string,
    state: 'kept',
    iss: signet.issuer,
  });
});

test('a request object is refused by the way that it asks for, and nothing else of it counts', async () => {
  const inside = { response_mode: 'form_post', redirect_uri: 'https://evil.example/cb', state: 'of the object' };
  const request = `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(inside)).toString('base64url')}.`;
  const page = await ask(signet, await signIn(signet), webClient, { request });
  expectFormTo(page, webClient.redirect_uris[0]!);
  expect(field(page, 'error')).toBe('request_not_supported');
  expect(field(page, 'state')).not.toBe('of the object');
});

test.each(['', '.', 'a.b.c', `a.${Buffer.from('null').toString('base64url')}.c`, 'a.eyJyZXNwb25zZV9tb2RlIjoxfQ.c'])(
  'a request object that is none (%j) is refused in the query',
  async (request) => {
    const answer = await ask(signet, await signIn(signet), webClient, { request: request || '.' });
    expect(responseParams(answer)).toMatchObject({ error: 'request_not_supported' });
  },
);

test('a client that was let off it gets no iss, with a code or with an error', async () => {
  const agent = await signIn(signet);
  const code = responseParams(await ask(signet, agent, issless));
  expect(code).toHaveProperty('code');
  expect(code).not.toHaveProperty('iss');
  const refused = responseParams(await ask(signet, agent, issless, { prompt: 'none', max_age: '0' }));
  expect(refused).toMatchObject({ error: 'login_required' });
  expect(refused).not.toHaveProperty('iss');
});
