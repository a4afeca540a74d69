// Consent: asked once, remembered for what was allowed, asked again for more, taken back, denied, or given to somebody else.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, field } from '../support/agent.ts';
import {
  alice,
  bob,
  claimsOf,
  codeFlow,
  exchangeCode,
  authorizationRequest,
  ownClient,
  submitConsent,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { revokeAccess } from '../support/endings.ts';
import { expectDead } from '../support/families.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams, signIn } from '../support/visits.ts';

const twoDoors = { ...webClient, redirect_uris: ['https://web.example/cb', 'https://web.example/other'] };
const api = 'https://api.example';

let signet: TestSignet;
let agent: Agent;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [twoDoors, ownClient], resources: [{ identifier: api, name: 'The API' }] },
  });
});
beforeEach(async () => {
  agent = await signIn(signet);
  await revokeAccess(signet, agent, 'web');
});
afterAll(() => signet.stop());

const allow = async (change: Record<string, string | undefined> = {}) =>
  agent.follow(await submitConsent(agent, await ask(signet, agent, twoDoors, change)), signet.issuer);

test('the page says who asks, for what, as whom and where it leads', async () => {
  const page = await ask(signet, agent, twoDoors, { scope: 'openid email', resource: api });
  expect(outcomeOf(page)).toBe('consent');
  for (const text of ['web', 'alice', 'web.example', 'The API']) expect(page.body).toContain(text);
});

test('allowed once, it is remembered for the same scopes and fewer, in every browser of this person', async () => {
  expect(outcomeOf(await allow({ scope: 'openid profile' }))).toBe('code');
  expect(outcomeOf(await ask(signet, agent, twoDoors, { scope: 'openid profile' }))).toBe('code');
  const elsewhere = await signIn(signet);
  expect(outcomeOf(await ask(signet, elsewhere, twoDoors, { scope: 'openid' }))).toBe('code');
  const bobs = await signIn(signet, bob);
  expect(outcomeOf(await ask(signet, bobs, twoDoors, { scope: 'openid' }))).toBe('consent');
});

test.each<[string, Record<string, string>]>([
  ['a new scope', { scope: 'openid profile email' }],
  ['a resource', { scope: 'openid profile', resource: api }],
  ['another redirect URI', { scope: 'openid profile', redirect_uri: 'https://web.example/other' }],
  ['offline_access', { scope: 'openid profile offline_access' }],
])('%s is asked again, and then remembered beside what was allowed before', async (_what, change) => {
  await allow({ scope: 'openid profile' });
  expect(outcomeOf(await ask(signet, agent, twoDoors, { ...change, prompt: 'none' }))).toBe('consent_required');
  expect(outcomeOf(await ask(signet, agent, twoDoors, change))).toBe('consent');
  expect(outcomeOf(await allow(change))).toBe('code');
  expect(outcomeOf(await ask(signet, agent, twoDoors, change))).toBe('code');
  expect(outcomeOf(await ask(signet, agent, twoDoors, { scope: 'openid profile' }))).toBe('code');
});

test('taken back on the account page: asked again, and every token of the client is dead', async () => {
  const { tokens } = await codeFlow(signet, twoDoors, { agent, change: { scope: 'openid offline_access' } });
  const { tokens: others } = await codeFlow(signet, ownClient, { agent });
  const asked = authorizationRequest(signet, twoDoors, { scope: 'openid offline_access' });
  const { code } = responseParams(await agent.get(asked.url));
  await revokeAccess(signet, agent, 'web');
  await expectDead(signet, twoDoors, tokens);
  expect((await exchangeCode(signet, twoDoors, asked, code!)).body.error).toBe('invalid_grant');
  expect(outcomeOf(await ask(signet, agent, twoDoors, { scope: 'openid' }))).toBe('consent');
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  expect(claimsOf(others.access_token)['client_id']).toBe('own');
});

test('denied: access_denied with state and iss, and nothing is remembered', async () => {
  const asked = authorizationRequest(signet, twoDoors);
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  const denied = await submitConsent(agent, page, 'deny');
  expect(responseParams(denied)).toMatchObject({ error: 'access_denied', state: asked.state, iss: signet.issuer });
  expect(outcomeOf(await ask(signet, agent, twoDoors))).toBe('consent');
});

test('denied and then allowed after the back button: the attempt is over, no code comes of it', async () => {
  const page = await ask(signet, agent, twoDoors);
  await submitConsent(agent, page, 'deny');
  expect(outcomeOf(await submitConsent(agent, page, 'allow'))).toBe('page attempt_finished');
  expect(outcomeOf(await agent.get(page.url))).toBe('page attempt_finished');
});

test('allowed twice by a double click: one code, the second click learns that it is over', async () => {
  const page = await ask(signet, agent, twoDoors);
  const [one, two] = [await submitConsent(agent, page), await submitConsent(agent, page)];
  expect(outcomeOf(await agent.follow(one, signet.issuer))).toBe('code');
  expect(outcomeOf(await agent.follow(two, signet.issuer))).toBe('page attempt_finished');
});

test('somebody else: signs in, is asked in their own name, and the tokens are theirs', async () => {
  const asked = authorizationRequest(signet, twoDoors);
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  const signInPage = await agent.follow(await submitConsent(agent, page, 'switch'), signet.issuer);
  expect(outcomeOf(signInPage)).toBe('sign-in');
  const bobsPage = await agent.follow(await submitPassword(agent, signInPage, bob), signet.issuer);
  expect(outcomeOf(bobsPage)).toBe('consent');
  expect(field(bobsPage, 'username')).toBe('bob');
  const done = await agent.follow(await submitConsent(agent, bobsPage), signet.issuer);
  const { body } = await exchangeCode(signet, twoDoors, asked, responseParams(done)['code']!);
  const bobs = await codeFlow(signet, ownClient, { user: bob });
  expect(claimsOf(body.id_token)['sub']).toBe(claimsOf(bobs.tokens.id_token)['sub']);
  await revokeAccess(signet, agent, 'web');
});

test('a consent page of one person cannot be answered after somebody else signed in: the hub asks anew', async () => {
  const page = await ask(signet, agent, twoDoors);
  await submitPassword(agent, await ask(signet, agent, ownClient, { prompt: 'login' }), bob);
  const answer = await agent.follow(await submitConsent(agent, page), signet.issuer);
  expect(outcomeOf(answer)).toBe('consent');
  expect(field(answer, 'username')).toBe('bob');
});

test('signed out meanwhile: the consent form leads back to the sign-in page', async () => {
  const page = await ask(signet, agent, twoDoors);
  agent.cookies.delete(cookieName(signet, 'session'));
  expect(outcomeOf(await agent.follow(await submitConsent(agent, page), signet.issuer))).toBe('sign-in');
});

test('a form without a decision, or sent from another site, decides nothing', async () => {
  const page = await ask(signet, agent, twoDoors);
  const form = { attempt: field(page, 'attempt'), username: 'alice' };
  const url = `${signet.issuer}/consent`;
  expect((await agent.post(url, form)).status).toBe(400);
  expect((await agent.post(url, { ...form, decision: 'maybe' })).status).toBe(400);
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
    const answer = await agent.post(url, { ...form, decision: 'allow' }, headers);
    expect([answer.status, outcomeOf(answer)]).toEqual([403, 'page cross_site']);
  }
  expect(outcomeOf(await ask(signet, agent, twoDoors))).toBe('consent');
});

test("the tenant's own client is never asked about", async () => {
  expect(outcomeOf(await ask(signet, await signIn(signet, alice), ownClient, { prompt: 'none' }))).toBe('code');
});
