// How long a browser stays signed in: idle and absolute ends, fresh cookies, one person at a time.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, createAgent } from '../support/agent.ts';
import { alice, bob, claimsOf, codeFlow, ownClient, refresh, submitPassword, world } from '../support/flow.ts';
import { signOut } from '../support/endings.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, signIn } from '../support/visits.ts';

const settings = { session_idle_lifetime: 1000, session_lifetime: 2500 };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, settings } });
});
afterAll(() => signet.stop());

const silent = async (agent: Agent) => outcomeOf(await ask(signet, agent, ownClient, { prompt: 'none' }));
const cookieOf = (agent: Agent) => agent.cookies.get(cookieName(signet, 'session'))!;

function withCookie(value: string): Agent {
  const agent = createAgent();
  agent.cookies.set(cookieName(signet, 'session'), value);
  return agent;
}

test('unused for the idle time: signed out, at the very second', async () => {
  const [one, other] = [await signIn(signet), await signIn(signet)];
  signet.clock.advance(999);
  expect(await silent(one)).toBe('code');
  signet.clock.advance(1);
  expect(await silent(other)).toBe('login_required');
  expect(await silent(one)).toBe('code');
});

test('a refresh is use as well', async () => {
  const { tokens, agent } = await codeFlow(signet, ownClient);
  signet.clock.advance(900);
  expect((await refresh(signet, ownClient, tokens.refresh_token)).status).toBe(200);
  signet.clock.advance(900);
  expect(await silent(agent)).toBe('code');
});

test('used all the time, it still ends with its absolute end, and so do the tokens that live by it', async () => {
  const { tokens, agent } = await codeFlow(signet, ownClient);
  let refreshToken = tokens.refresh_token;
  for (let passed = 0; passed < 2400; passed += 600) {
    signet.clock.advance(600);
    expect(await silent(agent)).toBe('code');
    refreshToken = (await refresh(signet, ownClient, refreshToken)).body.refresh_token;
  }
  signet.clock.advance(100);
  expect(await silent(agent)).toBe('login_required');
  expect((await refresh(signet, ownClient, refreshToken)).body.error).toBe('invalid_grant');
});

test('proving again who one is: a fresh cookie for the same sid, the old cookie is dead, the end does not move', async () => {
  const { tokens, agent } = await codeFlow(signet, ownClient);
  const old = cookieOf(agent);
  signet.clock.advance(900);
  const page = await ask(signet, agent, ownClient, { prompt: 'login' });
  await agent.follow(await submitPassword(agent, page, alice), signet.issuer);
  expect(cookieOf(agent)).not.toBe(old);
  expect(await silent(withCookie(old))).toBe('login_required');
  const { tokens: later } = await codeFlow(signet, ownClient, { agent });
  expect(claimsOf(later.id_token)['sid']).toBe(claimsOf(tokens.id_token)['sid']);
  signet.clock.advance(900);
  expect(await silent(agent)).toBe('code');
  signet.clock.advance(700);
  expect(await silent(agent)).toBe('login_required');
});

test('somebody else signs in at the same browser: a new session, the former one and its tokens are over', async () => {
  const { tokens, agent } = await codeFlow(signet, ownClient);
  const old = cookieOf(agent);
  const page = await ask(signet, agent, ownClient, { prompt: 'login' });
  await agent.follow(await submitPassword(agent, page, bob), signet.issuer);
  const { tokens: bobs } = await codeFlow(signet, ownClient, { agent });
  expect(claimsOf(bobs.id_token)['sid']).not.toBe(claimsOf(tokens.id_token)['sid']);
  expect(await silent(withCookie(old))).toBe('login_required');
  expect((await refresh(signet, ownClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
});

test('a session cookie planted before the sign-in is not the one after it', async () => {
  const planted = `sgs_${'A'.repeat(43)}`;
  const agent = await signIn(signet, alice, withCookie(planted));
  expect(cookieOf(agent)).not.toBe(planted);
  expect(await silent(withCookie(planted))).toBe('login_required');
});

test('after signing out, the cookie is cleared, and a kept copy of it is worth nothing', async () => {
  const agent = await signIn(signet);
  const kept = cookieOf(agent);
  await signOut(signet, agent);
  expect(agent.cookies.has(cookieName(signet, 'session'))).toBe(false);
  expect(await silent(withCookie(kept))).toBe('login_required');
});

test('a disabled user is signed out everywhere, and cannot come back', async () => {
  const agent = await signIn(signet, bob);
  await signet.provision({ users: [{ username: 'bob', disabled: true }] });
  expect(await silent(agent)).toBe('login_required');
  const answer = await submitPassword(agent, await ask(signet, agent, ownClient), bob);
  expect([answer.status, outcomeOf(answer)]).toEqual([403, 'sign-in']);
  await signet.provision({ users: [{ username: 'bob', disabled: false }] });
  expect(await silent(agent)).toBe('login_required');
});

test.each(['', 'x', `sgs_${'é'.repeat(43)}`, 'sgs_%00', `sgr_${'A'.repeat(43)}`])(
  'session cookie %j is nobody',
  async (value) => {
    expect(await silent(withCookie(encodeURI(value)))).toBe('login_required');
  },
);

test('an idle time longer than the whole life does not prolong it: signed out at the absolute end', async () => {
  await signet.provision({ settings: { session_idle_lifetime: 9000, session_lifetime: 2500 } });
  const { agent, tokens } = await codeFlow(signet, ownClient, { user: alice });
  signet.clock.advance(2499);
  expect(await silent(withCookie(cookieOf(agent)))).toBe('code');
  const other = await codeFlow(signet, ownClient);
  signet.clock.advance(2500);
  expect(await silent(other.agent)).toBe('login_required');
  expect((await refresh(signet, ownClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
});
