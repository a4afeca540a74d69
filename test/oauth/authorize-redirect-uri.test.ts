// Which redirect URIs get an answer: exact strings, and for public clients any port of a loopback IP address.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { authorizationRequest, authorizeInteractively, exchangeCode, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf, signIn, ask } from '../support/visits.ts';

const registered = [
  'http://127.0.0.1:8000/cb?x=1',
  'http://[::1]/cb',
  'http://localhost:8000/cb',
  'https://exact.example/cb',
];
const native = {
  client_id: 'native',
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: [...registered, 'com.example.app:/cb'],
};
const server = {
  client_id: 'server',
  client_secret: 'a-secret-that-has-at-least-32-characters',
  redirect_uris: registered,
};

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [native, server] } });
});
afterAll(() => signet.stop());

const exact = registered.map((uri): [string, boolean, boolean] => [uri, true, true]);

describe('redirect_uri: whether a public and whether a confidential client may use it', () => {
  test.each<[string, boolean, boolean]>([
    ...exact,
    ['http://127.0.0.1:51234/cb?x=1', true, false],
    ['http://127.0.0.1/cb?x=1', true, false],
    ['http://[::1]:51234/cb', true, false],
    ['com.example.app:/cb', true, false],
    ['com.example.app:/cb2', false, false],
    ['http://localhost:8001/cb', false, false],
    ['http://localhost/cb', false, false],
    ['http://127.0.0.1:51234/cb', false, false],
    ['http://127.0.0.1:51234/cb?x=2', false, false],
    ['http://127.0.0.1:51234/cb?x=1#', false, false],
    ['http://127.0.0.1:99999/cb?x=1', false, false],
    ['http://127.0.0.2:8000/cb?x=1', false, false],
    ['http://127.0.0.1:8000@evil.example/cb?x=1', false, false],
    ['http://evil.example@127.0.0.1:8000/cb?x=1', false, false],
    ['https://127.0.0.1:8000/cb?x=1', false, false],
    ['http://[0:0:0:0:0:0:0:1]:51234/cb', false, false],
    ['https://exact.example/cb/', false, false],
    ['https://exact.example/CB', false, false],
    ['https://EXACT.example/cb', false, false],
    ['https://exact.example:443/cb', false, false],
    ['https://exact.example/cb?', false, false],
    ['https://exact.example/cb#f', false, false],
    ['https://exact.example/x/../cb', false, false],
    ['https://exact.example/%63b', false, false],
    ['https://exact.example/cb ', false, false],
    ['https://exact.example.evil.example/cb', false, false],
    ['http://exact.example/cb', false, false],
  ])('%s: %s, %s', async (redirect_uri, forPublic, forConfidential) => {
    for (const [client, allowed] of [
      [native, forPublic],
      [server, forConfidential],
    ] as const) {
      const answer = await ask(signet, createAgent(), client, { redirect_uri });
      expect(outcomeOf(answer), client.client_id).toBe(allowed ? 'sign-in' : 'page invalid_request');
      expect(answer.location).toBeUndefined();
    }
  });
});

test('a native program gets its code at the port it chose, and must name that port again', async () => {
  const redirect_uri = 'http://127.0.0.1:51234/cb?x=1';
  const agent = await signIn(signet);
  const asked = authorizationRequest(signet, native, { redirect_uri });
  const params = await authorizeInteractively(agent, asked);
  const other = { ...asked, redirectUri: registered[0]! };
  expect((await exchangeCode(signet, native, other, params.get('code')!)).body.error).toBe('invalid_grant');
  expect((await exchangeCode(signet, native, asked, params.get('code')!)).status).toBe(200);
});

test('what any program on the machine could receive is asked each time: consent is not remembered there', async () => {
  const agent = await signIn(signet);
  for (const redirect_uri of ['com.example.app:/cb', 'http://localhost:8000/cb', 'http://127.0.0.1:7/cb?x=1']) {
    await authorizeInteractively(agent, authorizationRequest(signet, native, { redirect_uri }));
    expect(outcomeOf(await ask(signet, agent, native, { redirect_uri }))).toBe('consent');
    expect(outcomeOf(await ask(signet, agent, native, { redirect_uri, prompt: 'none' }))).toBe('consent_required');
  }
  const web = { redirect_uri: 'https://exact.example/cb' };
  await authorizeInteractively(agent, authorizationRequest(signet, native, web));
  expect(outcomeOf(await ask(signet, agent, native, { ...web, prompt: 'none' }))).toBe('code');
});
