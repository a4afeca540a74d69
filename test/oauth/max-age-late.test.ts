// A sign-in on the way to the answer is fresh for as long as max_age says, and for five minutes where only a sign-in was asked for: a page that was left open does not make it younger.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import {
  alice,
  authorizationRequest,
  claimsOf,
  exchangeCode,
  submitConsent,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf, responseParams } from '../support/visits.ts';

const minute = 60;

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

/** Signs in, and answers the consent page after `wait` seconds. */
async function consentAfter(wait: number, change: Record<string, string>) {
  const agent = createAgent();
  const asked = authorizationRequest(signet, webClient, {
    ...change,
    prompt: `${change['prompt'] ?? ''} consent`.trim(),
  });
  const page = await agent.follow(await agent.get(asked.url), signet.issuer);
  const consent = await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  signet.clock.advance(wait);
  return { agent, asked, answer: await agent.follow(await submitConsent(agent, consent), signet.issuer) };
}

test.each([
  { change: { max_age: '60' }, wait: 50 * minute, end: 'sign-in' },
  { change: { max_age: '60' }, wait: minute, end: 'sign-in' },
  { change: { max_age: '60' }, wait: minute - 1, end: 'code' },
  { change: { max_age: '0' }, wait: 4 * minute, end: 'sign-in' },
  { change: { max_age: '0' }, wait: 9, end: 'code' },
  { change: { prompt: 'login' }, wait: 50 * minute, end: 'sign-in' },
  { change: { prompt: 'login' }, wait: 4 * minute, end: 'code' },
  { change: { max_age: '3600' }, wait: 50 * minute, end: 'code' },
])('$change, $wait s after the sign-in: $end', async ({ change, wait, end }) => {
  expect(outcomeOf((await consentAfter(wait, change)).answer)).toBe(end);
});

test('asked again, the second sign-in is what the ID token tells', async () => {
  const { agent, asked, answer } = await consentAfter(50 * minute, { max_age: '60' });
  const done = await agent.follow(await submitPassword(agent, answer, alice), signet.issuer);
  const { body } = await exchangeCode(signet, webClient, asked, responseParams(done)['code']!);
  const { iat, auth_time } = claimsOf(body.id_token);
  expect(auth_time).toBe(iat);
});
