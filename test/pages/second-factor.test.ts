// The second factor in a browser: no way leads around it, and a code signs in once.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { createAgent, field, type Agent, type Answer } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import {
  authorizationRequest,
  claimsOf,
  codeFlow,
  exchangeCode,
  ownClient,
  submitConsent,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { codeOf, enrol, type Enrolled, wrongCodeOf } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, pageError, responseParams } from '../support/visits.ts';

const two = 'urn:signet:acr:2fa';

let signet: TestSignet;
let session: string;
let person: Enrolled;
let people = 0;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  session = cookieName(signet, 'session');
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  const user = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [user] });
  person = await enrol(signet, user);
});

const now = () => codeOf(person.secret, signet.clock.now);

/** Types the password, and stands before the second page. */
async function half(agent: Agent, from?: Answer): Promise<Answer> {
  const page = from ?? (await ask(signet, agent, ownClient));
  const answer = await submitPassword(agent, page, person.user);
  expect(answer.status).toBe(303);
  return agent.follow(answer, signet.issuer);
}

const submitCode = (agent: Agent, page: Answer, code: string) =>
  agent.post(`${signet.issuer}/sign-in/second-factor`, { attempt: field(page, 'attempt'), code });

test('password, code, and the client gets what was proven; there is no session before the code', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, webClient);
  const page = await half(agent, await agent.follow(await agent.get(asked.url), signet.issuer));
  expect([page.status, outcomeOf(page)]).toEqual([200, 'second factor']);
  expect(page.body).toMatch(/id="mfa-code"[^>]*autocomplete="one-time-code"[^>]*inputmode="numeric"/s);
  expect(agent.cookies.has(session)).toBe(false);
  const consented = await agent.follow(await submitCode(agent, page, now()), signet.issuer);
  expect(outcomeOf(consented)).toBe('consent');
  const back = await agent.follow(await submitConsent(agent, consented), signet.issuer);
  const { body } = await exchangeCode(signet, webClient, asked, responseParams(back)['code']!);
  for (const token of [body.access_token, body.id_token])
    expect(claimsOf(token)).toMatchObject({
      acr: two,
      amr: ['pwd', 'otp', 'mfa'],
      mfa_verified: true,
      mfa_method: 'totp',
      auth_time: signet.clock.now / 1000,
    });
});

test('a recovery code, by the link to it; and at the front door', async () => {
  const agent = createAgent();
  const page = await half(agent, await agent.get(`${signet.issuer}/sign-in`));
  const link = /id="mfa-method-recovery_code" href="([^"]*)"/.exec(page.body)![1]!.replaceAll('&amp;', '&');
  const other = await agent.get(signet.issuer + link);
  expect(other.body).toContain('id="mfa-method-totp"');
  const answer = await submitCode(agent, other, person.recoveryCodes[0]!);
  expect(answer.location).toBe(`${signet.issuer}/account`);
  expect((await agent.get(page.url)).location).toBe(`${signet.issuer}/account`);
});

test('a wrong code: the page again with 403, then 429, also in another browser that starts anew', async () => {
  const agent = createAgent();
  const page = await half(agent);
  for (let nth = 0; nth < 5; nth += 1) {
    const answer = await submitCode(agent, page, wrongCodeOf(person.secret, signet.clock.now, nth));
    expect([answer.status, outcomeOf(answer)]).toEqual([403, 'second factor']);
    expect(answer.body).toContain('id="mfa-error"');
  }
  for (const other of [agent, createAgent()]) {
    const answer = await submitCode(other, other === agent ? page : await half(other), now());
    expect([answer.status, outcomeOf(answer)]).toEqual([429, 'second factor']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(other.cookies.has(session)).toBe(false);
  }
});

describe('no way around', () => {
  test('between the factors every other address leads back to the password', async () => {
    const agent = createAgent();
    const asked = authorizationRequest(signet, ownClient);
    const page = await half(agent, await agent.follow(await agent.get(asked.url), signet.issuer));
    const attempt = field(page, 'attempt');
    for (const path of [`/oauth/authorize/${attempt}`, `/consent?attempt=${attempt}`, '/account', '/'])
      expect(outcomeOf(await agent.follow(await agent.get(signet.issuer + path), signet.issuer)), path).toBe('sign-in');
    expect(outcomeOf(await agent.follow(await agent.get(asked.url), signet.issuer))).toBe('sign-in');
    const consent = await agent.post(`${signet.issuer}/consent`, { attempt, decision: 'allow' });
    expect(outcomeOf(await agent.follow(consent, signet.issuer))).not.toBe('code');
    expect(agent.cookies.has(session)).toBe(false);
    const done = await agent.follow(await submitCode(agent, page, now()), signet.issuer);
    expect(outcomeOf(done)).toBe('code');
  });

  test('without the password, of another browser, of a finished attempt, with a code that is none', async () => {
    const agent = createAgent();
    const fresh = await ask(signet, agent, ownClient);
    expect((await submitCode(agent, fresh, now())).location).toBe(fresh.url);
    const page = await half(agent, fresh);
    const stranger = createAgent();
    await stranger.get(`${signet.issuer}/sign-in`);
    expect(outcomeOf(await submitCode(stranger, page, now()))).toBe('page attempt_unknown');
    for (const code of ['', '12345', 'null', person.user.password])
      expect((await submitCode(agent, page, code)).status, code).toBe(403);
    expect(outcomeOf(await agent.follow(await submitCode(agent, page, now()), signet.issuer))).toBe('code');
    expect(outcomeOf(await submitCode(agent, page, now()))).toBe('page attempt_finished');
  });

  test.each<[string, () => Promise<unknown>]>([
    ['ten minutes later', async () => signet.clock.advance(600)],
    [
      'the password was changed',
      () =>
        signet.provision({ users: [{ ...person.user, password: 'another, made up by her', password_reset: true }] }),
    ],
    ['the user was disabled', () => signet.provision({ users: [{ ...person.user, disabled: true }] })],
  ])('%s: the password comes first again', async (_what, happens) => {
    const agent = createAgent();
    const page = await half(agent);
    await happens();
    const answer = await submitCode(agent, page, now());
    expect([answer.status, answer.location]).toEqual([
      303,
      `${signet.issuer}/sign-in?attempt=${field(page, 'attempt')}`,
    ]);
    expect(agent.cookies.has(session)).toBe(false);
  });

  test('M30 a session that proves a second factor later has another cookie, and the one before is dead', async () => {
    const user = { username: `later-${people}`, password: 'the one she has had so far' };
    await signet.provision({ users: [user] });
    const agent = createAgent();
    await submitPassword(agent, await ask(signet, agent, ownClient), user);
    const before = agent.cookies.get(session)!;
    const { secret } = await enrol(signet, user);
    const asked = await ask(signet, agent, ownClient, { acr_values: two });
    const page = await agent.follow(await submitPassword(agent, asked, user), signet.issuer);
    expect(outcomeOf(page)).toBe('second factor');
    expect(agent.cookies.get(session), 'the password alone changes nothing').toBe(before);
    await submitCode(agent, page, codeOf(secret, signet.clock.now));
    expect(agent.cookies.get(session)).not.toBe(before);
    const thief = createAgent();
    thief.cookies.set(session, before);
    expect((await thief.get(`${signet.issuer}/account`)).status).toBe(303);
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });

  test('M73 one code, two browsers: one of them', async () => {
    const agents = [createAgent(), createAgent()];
    const pages = await Promise.all(agents.map((agent) => half(agent)));
    const answers = await Promise.all(agents.map((agent, i) => submitCode(agent, pages[i]!, now())));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 403]);
  });
});

test('what signed in once does not sign in again with a code alone, when its session has ended', async () => {
  const agent = createAgent();
  const page = await half(agent, await agent.get(`${signet.issuer}/sign-in`));
  expect((await submitCode(agent, page, now())).location).toBe(`${signet.issuer}/account`);
  await query(signet.database.url, 'UPDATE sessions SET ended_at = now()');
  signet.clock.advance(60);
  const again = await submitCode(agent, page, now());
  expect(again.location).toContain('/sign-in?attempt=');
  expect((await agent.get(page.url)).location).toContain('/sign-in?attempt=');
});

test('a right password that is not enough is no wrong one, and stands in the audit log', async () => {
  const user = { username: `not-enough-${people}`, password: 'the one she has had so far' };
  const strict = { ...ownClient, client_id: 'strict', required_acr: two } as const;
  await signet.provision({ users: [user], clients: [strict], settings: { mfa: 'off' } });
  const agent = createAgent();
  for (let tries = 0; tries < 7; tries += 1)
    expect((await submitPassword(agent, await ask(signet, agent, strict), user)).status).toBe(403);
  await signet.provision({ settings: { mfa: 'optional' } });
  const { status, body } = await logIn(signet, user);
  expect(status).toBe(200);
  const events = await query(
    signet.database.url,
    `SELECT data FROM audit_events WHERE type = 'user.second_factor_asked' AND user_id = $1 LIMIT 1`,
    [claimsOf(body.token)['sub']],
  );
  expect(events).toEqual([{ data: { enrolled: false } }]);
});

describe('who asks', () => {
  test('a request for two factors of a session with one: signs in again; prompt=none says so', async () => {
    const user = { username: `early-${people}`, password: 'the one she has had so far' };
    await signet.provision({ users: [user] });
    const agent = createAgent();
    await agent.follow(await submitPassword(agent, await ask(signet, agent, ownClient), user), signet.issuer);
    expect(outcomeOf(await ask(signet, agent, ownClient))).toBe('code');
    const { secret } = await enrol(signet, user);
    expect(outcomeOf(await ask(signet, agent, ownClient))).toBe('code');
    expect(outcomeOf(await ask(signet, agent, ownClient, { acr_values: two, prompt: 'none' }))).toBe('login_required');
    const page = await ask(signet, agent, ownClient, { acr_values: two });
    expect(outcomeOf(page)).toBe('sign-in');
    const next = await agent.follow(await submitPassword(agent, page, user), signet.issuer);
    const before = agent.cookies.get(session);
    const done = await agent.follow(await submitCode(agent, next, codeOf(secret, signet.clock.now)), signet.issuer);
    expect(outcomeOf(done)).toBe('code');
    expect(agent.cookies.get(session)).not.toBe(before);
    expect(outcomeOf(await ask(signet, agent, ownClient, { acr_values: two }))).toBe('code');
  });

  test('a client, where nobody can add a second factor: a page says so, and nobody is signed in', async () => {
    const user = { username: `none-${people}`, password: 'the one she has had so far' };
    const strict = { ...ownClient, client_id: 'strict', required_acr: two } as const;
    await signet.provision({ users: [user], clients: [strict], settings: { mfa: 'off' } });
    const agent = createAgent();
    const answer = await submitPassword(agent, await ask(signet, agent, strict), user);
    await signet.provision({ settings: { mfa: 'optional' } });
    expect(pageError(answer).code).toBe('unmet_authentication_requirements');
    expect([answer.status, agent.cookies.has(session)]).toEqual([403, false]);
  });

  test('a session of before the tenant demanded it has to prove more', async () => {
    const { agent } = await codeFlow(signet, ownClient);
    await signet.provision({ settings: { mfa: 'required' } });
    expect(outcomeOf(await ask(signet, agent, ownClient))).toBe('sign-in');
    await signet.provision({ settings: { mfa: 'optional' } });
    expect(outcomeOf(await ask(signet, agent, ownClient))).toBe('code');
  });
});

test('the account is the one that typed the password, whatever was typed at the API meanwhile', async () => {
  const other = { username: `other-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [other] });
  const theirs = await enrol(signet, other);
  await logIn(signet, other);
  const agent = createAgent();
  const page = await half(agent);
  expect((await submitCode(agent, page, codeOf(theirs.secret, signet.clock.now))).status).toBe(403);
  const rows = await query(
    signet.database.url,
    `SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE username = $1 AND acr = $2`,
    [person.user.username, two],
  );
  expect(rows.length).toBe(0);
});

test('browsers that were known by the password alone share one budget of codes, however many there are', async () => {
  const user = { username: `gathered-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [user] });
  const agents = [createAgent(), createAgent(), createAgent()];
  for (const agent of agents) {
    await submitPassword(agent, await ask(signet, agent, ownClient), user);
    agent.cookies.delete(session);
  }
  const { secret } = await enrol(signet, user);
  const statuses: number[] = [];
  for (const agent of agents) {
    const page = await agent.follow(
      await submitPassword(agent, await ask(signet, agent, ownClient), user),
      signet.issuer,
    );
    for (let nth = 0; nth < 4; nth += 1)
      statuses.push((await submitCode(agent, page, wrongCodeOf(secret, signet.clock.now, nth))).status);
  }
  expect(statuses.filter((status) => status === 403).length).toBe(5);
  expect(statuses.slice(5).every((status) => status === 429)).toBe(true);
});
