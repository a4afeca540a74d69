// prompt and max_age: who is asked to sign in or to consent again, and who may stay silent.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import {
  alice,
  claimsOf,
  authorizationRequest,
  bob,
  exchangeCode,
  codeFlow,
  ownClient,
  submitConsent,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams, signIn } from '../support/visits.ts';

let signet: TestSignet;
const agedClient = {
  ...ownClient,
  client_id: 'aged',
  redirect_uris: ['https://aged.example/cb'],
  default_max_age: 100,
};
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, agedClient] } });
});
afterAll(() => signet.stop());

describe('nobody is signed in', () => {
  test.each([
    [undefined, 'sign-in'],
    ['none', 'login_required'],
    ['login', 'sign-in'],
    ['consent', 'sign-in'],
    ['select_account', 'sign-in'],
    ['login consent', 'sign-in'],
    ['login consent select_account', 'sign-in'],
    ['none login', 'invalid_request'],
    ['consent none', 'invalid_request'],
    ['create', 'invalid_request'],
    ['LOGIN', 'invalid_request'],
  ])('prompt %s: %s', async (prompt, outcome) => {
    expect(outcomeOf(await ask(signet, createAgent(), webClient, { prompt }))).toBe(outcome);
  });
});

describe('signed in and consented', () => {
  test.each([
    [{}, 'code'],
    [{ prompt: '' }, 'code'],
    [{ prompt: 'none' }, 'code'],
    [{ prompt: 'login' }, 'sign-in'],
    [{ prompt: 'consent' }, 'consent'],
    [{ prompt: 'select_account' }, 'sign-in'],
    [{ prompt: 'login consent' }, 'sign-in'],
    [{ max_age: '0' }, 'sign-in'],
    [{ max_age: '3600' }, 'code'],
    [{ prompt: 'none', max_age: '0' }, 'login_required'],
    [{ prompt: 'none', max_age: '3600' }, 'code'],
    [{ max_age: '-1' }, 'invalid_request'],
    [{ max_age: '1.5' }, 'invalid_request'],
    [{ max_age: '1e3' }, 'invalid_request'],
    [{ max_age: '99999999999999999999' }, 'invalid_request'],
  ])('%o: %s', async (change, outcome) => {
    const { agent } = await codeFlow(signet, webClient);
    expect(outcomeOf(await ask(signet, agent, webClient, change))).toBe(outcome);
  });
});

test('signed in, never consented, prompt none: consent_required', async () => {
  const agent = await signIn(signet, bob);
  expect(outcomeOf(await ask(signet, agent, webClient, { prompt: 'none' }))).toBe('consent_required');
});

test('prompt consent asks even where the client is the own one', async () => {
  expect(outcomeOf(await ask(signet, await signIn(signet), ownClient, { prompt: 'consent' }))).toBe('consent');
});

test('prompt login consent asks for both, in this order, and each once', async () => {
  const { agent } = await codeFlow(signet, webClient);
  const page = await ask(signet, agent, webClient, { prompt: 'login consent' });
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expect(outcomeOf(consent)).toBe('consent');
  expect(outcomeOf(await agent.follow(await submitConsent(agent, consent), signet.issuer))).toBe('code');
});

test.each([{ prompt: 'login' }, { max_age: '0' }])(
  '%o: going back to the hub without the password stays at the sign-in page',
  async (change) => {
    const agent = await signIn(signet);
    const page = await ask(signet, agent, ownClient, change);
    const attempt = new URL(page.url).searchParams.get('attempt');
    const again = await agent.follow(
      await agent.get(`${signet.issuer}/oauth/authorize/continue?attempt=${attempt}`),
      signet.issuer,
    );
    expect(outcomeOf(again)).toBe('sign-in');
    // A sign-in in another tab is not this request's own.
    signet.clock.advance(1);
    await submitPassword(agent, await ask(signet, agent, ownClient, { prompt: 'login' }), alice);
    const still = await agent.follow(
      await agent.get(`${signet.issuer}/oauth/authorize/continue?attempt=${attempt}`),
      signet.issuer,
    );
    expect(outcomeOf(still)).toBe('sign-in');
  },
);

test('a fresh sign-in counts for the person who made it, not for whoever has the browser when it goes on', async () => {
  const agent = await signIn(signet);
  const page = await ask(signet, agent, webClient, { prompt: 'login consent' });
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expect(outcomeOf(consent)).toBe('consent');
  await submitPassword(agent, await ask(signet, agent, ownClient, { prompt: 'login' }), bob);
  const attempt = new URL(consent.url).searchParams.get('attempt');
  const again = await agent.follow(await agent.get(`${signet.issuer}/oauth/authorize/${attempt}`), signet.issuer);
  expect(outcomeOf(again)).toBe('sign-in');
});

test('max_age counts from the sign-in, and the new auth_time is in the token', async () => {
  const agent = await signIn(signet);
  const signedInAt = signet.clock.now / 1000;
  signet.clock.advance(99);
  const asked = authorizationRequest(signet, ownClient, { max_age: '100' });
  const silent = await agent.get(asked.url);
  const early = await exchangeCode(signet, ownClient, asked, responseParams(silent)['code']!);
  expect(claimsOf(early.body.id_token)['auth_time']).toBe(signedInAt);
  signet.clock.advance(1);
  const late = authorizationRequest(signet, ownClient, { max_age: '100' });
  const page = await agent.follow(await agent.get(late.url), signet.issuer);
  expect(outcomeOf(page)).toBe('sign-in');
  const done = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  const fresh = await exchangeCode(signet, ownClient, late, responseParams(done)['code']!);
  expect(claimsOf(fresh.body.id_token)['auth_time']).toBe(signedInAt + 100);
});

test('default_max_age of the client holds unless the request says otherwise', async () => {
  const agent = await signIn(signet);
  signet.clock.advance(100);
  expect(outcomeOf(await ask(signet, agent, agedClient))).toBe('sign-in');
  expect(outcomeOf(await ask(signet, agent, agedClient, { max_age: '200' }))).toBe('code');
});

test('auth_time is never older than max_age asked: who took their time to consent signs in again, and is not asked twice', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, webClient, { max_age: '60', prompt: 'consent' });
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expect(outcomeOf(consent)).toBe('consent');
  signet.clock.advance(120);
  const again = await agent.follow(await submitConsent(agent, consent), signet.issuer);
  expect(outcomeOf(again)).toBe('sign-in');
  const done = await agent.follow(await submitPassword(agent, again, alice), signet.issuer);
  expect(outcomeOf(done)).toBe('code');
  const { body } = await exchangeCode(signet, webClient, asked, responseParams(done)['code']!);
  expect(claimsOf(body.id_token)['auth_time']).toBe(signet.clock.now / 1000);
});
