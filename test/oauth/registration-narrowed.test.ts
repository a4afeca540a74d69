// A client's registration is narrowed while people and tokens are under way: what was taken away is not given any more.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import {
  authorizationRequest,
  claimsOf,
  codeFlow,
  exchangeCode,
  refresh,
  submitConsent,
  submitPassword,
  webClient,
  world,
  alice,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, pageError, responseParams } from '../support/visits.ts';

const lost = 'https://lost.example/cb';
const wide = {
  ...webClient,
  redirect_uris: [...webClient.redirect_uris, lost],
  scope: 'openid profile reports',
  require_pkce: false,
};

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
beforeEach(() => signet.provision({ clients: [wide] }));
afterAll(() => signet.stop());

test.each(['sign-in', 'consent'])(
  'a redirect URI taken away while the %s page is open: a page, no redirect',
  async (at) => {
    const agent = createAgent();
    // Consent is stored per redirect URI, and asked again each time here.
    const signIn = await ask(signet, agent, wide, { redirect_uri: lost, scope: 'openid', prompt: 'login consent' });
    const consent = async () => agent.follow(await submitPassword(agent, signIn, alice), signet.issuer);
    const page = at === 'sign-in' ? signIn : await consent();
    await signet.provision({ clients: [{ ...wide, redirect_uris: webClient.redirect_uris }] });
    const end =
      at === 'sign-in' ? await consent() : await agent.follow(await submitConsent(agent, page), signet.issuer);
    expect([end.status, end.location, pageError(end).code]).toEqual([400, undefined, 'invalid_request']);
  },
);

test.each(['cancel', 'deny'] as const)('nor does %s lead back to it', async (how) => {
  const agent = createAgent();
  const signIn = await ask(signet, agent, wide, { redirect_uri: lost, scope: 'openid', prompt: 'login consent' });
  const page =
    how === 'cancel' ? signIn : await agent.follow(await submitPassword(agent, signIn, alice), signet.issuer);
  await signet.provision({ clients: [{ ...wide, redirect_uris: webClient.redirect_uris }] });
  const end =
    how === 'cancel'
      ? await agent.post(`${signet.issuer}/sign-in`, { attempt: field(page, 'attempt'), cancel: '1' })
      : await submitConsent(agent, page, 'deny');
  expect([end.status, end.location, pageError(end).code]).toEqual([400, undefined, 'invalid_request']);
});

test('PKCE required while the sign-in page is open: a request without it ends on a page, one with it goes on', async () => {
  const without = { code_challenge: undefined, code_challenge_method: undefined };
  const ends = [];
  for (const change of [without, {}]) {
    await signet.provision({ clients: [wide] });
    const agent = createAgent();
    const page = await ask(signet, agent, wide, { ...change, scope: 'openid' });
    await signet.provision({ clients: [{ ...wide, require_pkce: true }] });
    ends.push(outcomeOf(await agent.follow(await submitPassword(agent, page, alice), signet.issuer)));
  }
  expect(ends).toEqual(['page invalid_request', 'consent']);
});

test('a scope taken away while the sign-in page is open is neither shown nor granted', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, wide, { scope: 'openid reports', prompt: 'login consent' });
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  await signet.provision({ clients: [{ ...wide, scope: 'openid profile' }] });
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  const answer = await agent.follow(await submitConsent(agent, consent), signet.issuer);
  await signet.provision({ clients: [wide] });
  const { body } = await exchangeCode(signet, wide, asked, responseParams(answer)['code']!);
  expect([consent.body.includes('reports'), body.scope]).toEqual([false, 'openid']);
});

test('a scope taken away before the code is exchanged: the tokens are without it', async () => {
  const agent = createAgent();
  await codeFlow(signet, wide, { agent, change: { scope: 'openid reports' } });
  const asked = authorizationRequest(signet, wide, { scope: 'openid reports' });
  const code = responseParams(await agent.get(asked.url))['code']!;
  await signet.provision({ clients: [{ ...wide, scope: 'openid profile' }] });
  const { body } = await exchangeCode(signet, wide, asked, code);
  expect([body.scope, claimsOf(body.access_token)['scope']]).toEqual(['openid', 'openid']);
});

test('a scope taken away is gone with the next refresh', async () => {
  const { tokens } = await codeFlow(signet, wide, { change: { scope: 'openid profile reports' } });
  expect(tokens.scope).toBe('openid profile reports');
  await signet.provision({ clients: [{ ...wide, scope: 'openid profile' }] });
  const { body } = await refresh(signet, wide, tokens.refresh_token);
  expect([body.scope, claimsOf(body.access_token)['scope']]).toEqual(['openid profile', 'openid profile']);
});

test('without openid there is no ID token any more, from the code nor from a refresh', async () => {
  const agent = createAgent();
  const change = { scope: 'openid profile' };
  const { tokens } = await codeFlow(signet, wide, { agent, change });
  const asked = authorizationRequest(signet, wide, change);
  const code = responseParams(await agent.get(asked.url))['code']!;
  await signet.provision({ clients: [{ ...wide, scope: 'profile' }] });
  for (const { status, body } of [
    await exchangeCode(signet, wide, asked, code),
    await refresh(signet, wide, tokens.refresh_token),
  ])
    expect([status, body.scope, body.id_token]).toEqual([200, 'profile', undefined]);
});
