// How an authorization request arrives: by GET, by a POST from another site, and in which browser it goes on.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { createAgent, field } from '../support/agent.ts';
import {
  authorizationRequest,
  exchangeCode,
  submitConsent,
  submitPassword,
  alice,
  ownClient,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams, signIn } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

const crossSite = { 'sec-fetch-site': 'cross-site', origin: 'https://web.example', cookie: '' };

test('a GET by a stranger: the sign-in page, then consent, then a code', async () => {
  const agent = createAgent();
  const page = await ask(signet, agent, webClient);
  expect(outcomeOf(page)).toBe('sign-in');
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expect(outcomeOf(consent)).toBe('consent');
  const done = await agent.follow(await submitConsent(agent, consent), signet.issuer);
  expect(outcomeOf(done)).toBe('code');
  expect(done.status).toBe(303);
  expect(done.headers.get('cache-control')).toBe('no-store');
  expect(done.headers.get('referrer-policy')).toBe('no-referrer');
});

test('a cross-site POST without cookies: 303 to a GET, which finds the session again', async () => {
  const agent = await signIn(signet);
  const asked = authorizationRequest(signet, ownClient);
  const posted = await agent.post(`${signet.issuer}/oauth/authorize`, new URL(asked.url).searchParams, crossSite);
  expect(posted.status).toBe(303);
  expect(posted.location).toMatch(
    new RegExp(`^${signet.issuer}/oauth/authorize/continue\\?attempt=[\\w-]{8}\\.[\\w-]+$`),
  );
  expect(posted.headers.get('set-cookie')).toBeNull();
  const done = await agent.get(posted.location!);
  const { code, state } = responseParams(done);
  expect(state).toBe(asked.state);
  expect((await exchangeCode(signet, ownClient, asked, code!)).status).toBe(200);
});

test('a cross-site POST while another tab waits at the sign-in page: both tabs reach their codes', async () => {
  const agent = createAgent();
  const firstTab = await ask(signet, agent, ownClient);
  const browser = agent.cookies.get(cookieName(signet, 'browser'));
  const asked = authorizationRequest(signet, ownClient);
  const posted = await agent.post(`${signet.issuer}/oauth/authorize`, new URL(asked.url).searchParams, crossSite);
  const secondTab = await agent.follow(posted, signet.issuer);
  expect(outcomeOf(secondTab)).toBe('sign-in');
  expect(agent.cookies.get(cookieName(signet, 'browser'))).toBe(browser);
  expect(field(secondTab, 'attempt')).not.toBe(field(firstTab, 'attempt'));
  for (const tab of [secondTab, firstTab])
    expect(outcomeOf(await agent.follow(await submitPassword(agent, tab, alice), signet.issuer))).toBe('code');
});

test('a POST that was kept in an address: each browser that comes with it has an attempt of its own', async () => {
  const asked = authorizationRequest(signet, ownClient);
  const posted = await createAgent().post(`${signet.issuer}/oauth/authorize`, new URL(asked.url).searchParams);
  const first = createAgent();
  expect(outcomeOf(await first.follow(await first.get(posted.location!), signet.issuer))).toBe('sign-in');
  const second = await signIn(signet);
  expect(outcomeOf(await second.get(posted.location!))).toBe('code');
  const page = await first.follow(await first.get(posted.location!), signet.issuer);
  expect(outcomeOf(await submitPassword(createAgent(), page, alice))).toBe('page attempt_unknown');
});

test('a wrong POST is answered like a wrong GET: to the client when it is proven, else to the person', async () => {
  const agent = createAgent();
  const post = (change: Record<string, string | undefined>) =>
    agent.post(
      `${signet.issuer}/oauth/authorize`,
      new URL(authorizationRequest(signet, webClient, change).url).searchParams,
    );
  expect(responseParams(await post({ response_type: 'x' }))).toMatchObject({
    error: 'unsupported_response_type',
    iss: signet.issuer,
  });
  expect(outcomeOf(await post({ redirect_uri: 'https://evil.example/cb' }))).toBe('page invalid_request');
});

test('parameters in the query of a POST are not looked at', async () => {
  const { url } = authorizationRequest(signet, webClient);
  expect(outcomeOf(await createAgent().post(url, {}))).toBe('page invalid_request');
});

test("another browser cannot open somebody's sign-in page, nor send its form", async () => {
  const page = await ask(signet, createAgent(), webClient);
  const stranger = await signIn(signet);
  expect(outcomeOf(await stranger.get(page.url))).toBe('page attempt_unknown');
  expect(outcomeOf(await submitPassword(stranger, page, alice))).toBe('page attempt_unknown');
});
