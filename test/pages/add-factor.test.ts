// A sign-in that demands a second factor of somebody who has none: it is added on the way, by this browser, once.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import {
  authorizationRequest,
  bob,
  claimsOf,
  exchangeCode,
  ownClient,
  submitPassword,
  world,
} from '../support/flow.ts';
import { beginOnTheWay, enrol, firstCodeOf, secretOn, wrongCodeOf } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams } from '../support/visits.ts';

const two = 'urn:signet:acr:2fa';
const strict = { ...ownClient, client_id: 'strict', required_acr: two } as const;

let signet: TestSignet;
let session: string;
let person: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, strict] } });
  session = cookieName(signet, 'session');
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  person = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [person], settings: { mfa: 'optional', administrator_mfa: 'required' } });
});

const codesOn = (page: Answer) => [...page.body.matchAll(/<code>([^<]+)<\/code>/g)].map((match) => match[1]!);
const factorsOf = async (kind = 'totp') =>
  (
    await query(
      signet.database.url,
      `SELECT 1 FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = '${person.username}' AND c.kind = '${kind}'`,
    )
  ).length;

/** Types the password, and stands before the page that asks for a name. */
async function half(agent: Agent, from?: Answer): Promise<Answer> {
  const page = from ?? (await ask(signet, agent, strict));
  const answer = await submitPassword(agent, page, person);
  expect(answer.location).toContain('/sign-in/add-factor?attempt=');
  return agent.follow(answer, signet.issuer);
}

const formOf = (page: Answer) => firstCodeOf(page, signet.clock.now);
const confirm = (agent: Agent, form: Record<string, string>) =>
  agent.post(`${signet.issuer}/sign-in/add-factor/confirm`, form);

/** Where the page with the recovery codes leads. */
const onward = (page: Answer) => /id="codes-kept" href="([^"]+)"/.exec(page.body)![1]!;

test('password, name, secret, code: the recovery codes are shown, and the client gets two factors', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, strict);
  const named = await half(agent, await agent.follow(await agent.get(asked.url), signet.issuer));
  expect(agent.cookies.has(session)).toBe(false);
  const page = await beginOnTheWay(agent, named);
  expect(secretOn(await agent.get(page.url)), 'loaded again').toBe(secretOn(page));
  const done = await confirm(agent, formOf(page));
  expect([done.status, codesOn(done).length, agent.cookies.has(session)]).toEqual([200, 10, true]);
  const back = await agent.follow(await agent.get(new URL(onward(done), signet.issuer).href), signet.issuer);
  expect(outcomeOf(back)).toBe('code');
  const { body } = await exchangeCode(signet, strict, asked, responseParams(back)['code']!);
  expect(claimsOf(body.id_token)).toMatchObject({ acr: two, amr: ['pwd', 'otp', 'mfa'], mfa_verified: true });
  expect([await factorsOf(), await factorsOf('recovery_code')]).toEqual([1, 10]);
});

test('the tenant demands it, and nobody waits: to the account', async () => {
  await signet.provision({ settings: { mfa: 'required' } });
  const agent = createAgent();
  const page = await beginOnTheWay(agent, await half(agent, await agent.get(`${signet.issuer}/sign-in`)));
  const done = await confirm(agent, formOf(page));
  expect(onward(done)).toBe('/account');
  expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
});

test('an administrator adds one in any case, also who signed in before it was demanded; unless the tenant says otherwise', async () => {
  const admin = { ...person, admin_roles: ['owner'] };
  await signet.provision({ users: [admin], settings: { administrator_mfa: 'as_everybody' } });
  const agent = createAgent();
  const before = await submitPassword(agent, await ask(signet, agent, ownClient), person);
  expect(outcomeOf(await agent.follow(before, signet.issuer))).toBe('code');
  await signet.provision({ settings: { administrator_mfa: 'required' } });
  const elsewhere = createAgent();
  await half(elsewhere, await ask(signet, elsewhere, ownClient));
  const again = await ask(signet, agent, ownClient);
  expect(outcomeOf(again), 'the session of before is not enough').toBe('sign-in');
  await half(agent, again);
  expect((await logIn(signet, person)).body).toMatchObject({ mfa_required: true, mfa_enrolment: ['totp'] });
  for (const settings of [
    { administrator_mfa: 'as_everybody' },
    { mfa: 'off', administrator_mfa: 'required' },
  ] as const) {
    await signet.provision({ settings });
    expect(outcomeOf(await ask(signet, agent, ownClient)), JSON.stringify(settings)).toBe('code');
    expect((await logIn(signet, person)).body).not.toHaveProperty('mfa_required');
  }
});

test('a wrong code: said above the same secret, and nobody is signed in', async () => {
  const agent = createAgent();
  const page = await beginOnTheWay(agent, await half(agent));
  const refused = await confirm(agent, { ...formOf(page), code: wrongCodeOf(secretOn(page), signet.clock.now) });
  expect([refused.status, secretOn(refused) === secretOn(page)]).toEqual([403, true]);
  expect([agent.cookies.has(session), await factorsOf()]).toEqual([false, 0]);
  const statuses: number[] = [];
  for (let guess = 1; guess < 7; guess += 1)
    statuses.push(
      (await confirm(agent, { ...formOf(page), code: wrongCodeOf(secretOn(page), signet.clock.now, guess) })).status,
    );
  expect(statuses.at(-1)).toBe(429);
});

test('without the password, late, in another browser, of another person: back to the password', async () => {
  const agent = createAgent();
  const before = await ask(signet, agent, strict);
  const early = await agent.get(`${signet.issuer}/sign-in/add-factor?attempt=${field(before, 'attempt')}`);
  expect(early.location).toContain('/sign-in?attempt=');
  const page = await beginOnTheWay(agent, await half(agent, before));
  const other = createAgent();
  await ask(signet, other, strict);
  expect((await confirm(other, formOf(page))).status).toBe(400);
  const bobs = createAgent();
  const bobsPage = await beginOnTheWay(
    bobs,
    await bobs.follow(await submitPassword(bobs, await ask(signet, bobs, strict), bob), signet.issuer),
  );
  const mixed = await confirm(bobs, { ...formOf(page), attempt: field(bobsPage, 'attempt') });
  expect([mixed.status, bobs.cookies.has(session)]).toEqual([303, false]);
  signet.clock.advance(600);
  expect((await confirm(agent, formOf(page))).location).toContain('/sign-in?attempt=');
  expect([agent.cookies.has(session), await factorsOf()]).toEqual([false, 0]);
});

test('where no second factor is demanded this adds none and signs nobody in', async () => {
  const agent = createAgent();
  const page = await half(agent);
  await signet.provision({ clients: [{ ...ownClient, client_id: 'strict' }] });
  const answer = await agent.post(`${signet.issuer}/sign-in/add-factor`, {
    attempt: field(page, 'attempt'),
    name: 'x',
  });
  expect(answer.location).toContain('/sign-in?attempt=');
  await signet.provision({ clients: [strict] });
});

test('who has a factor cannot add another between the factors, also when it was added meanwhile', async () => {
  const agent = createAgent();
  const page = await beginOnTheWay(agent, await half(agent));
  await enrol(signet, person);
  expect((await confirm(agent, formOf(page))).location).toContain('/sign-in?attempt=');
  expect((await agent.get(page.url)).location).toContain('/sign-in?attempt=');
  expect([agent.cookies.has(session), await factorsOf()]).toEqual([false, 1]);
});

test('who has a factor is led back from here: neither page nor form leads around it', async () => {
  await enrol(signet, person);
  const agent = createAgent();
  const next = await submitPassword(agent, await ask(signet, agent, strict), person);
  const second = await agent.follow(next, signet.issuer);
  expect(outcomeOf(second)).toBe('second factor');
  const attempt = field(second, 'attempt');
  const answers = [
    await agent.get(`${signet.issuer}/sign-in/add-factor?attempt=${attempt}`),
    await agent.post(`${signet.issuer}/sign-in/add-factor`, { attempt, name: 'Mine' }),
    await confirm(agent, { attempt, factor_id: 'x', code: '123456' }),
  ];
  for (const answer of answers) expect(answer.location).toContain('/sign-in?attempt=');
  expect([agent.cookies.has(session), await factorsOf()]).toEqual([false, 1]);
});

test('a secret that its person has begun with elsewhere is not shown to who has the password', async () => {
  const { body } = await logIn(signet, person, { scope: 'openid' });
  const begun = await fetch(`${signet.issuer}/auth/mfa/totp`, {
    method: 'POST',
    headers: { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  expect(begun.status).toBe(200);
  const agent = createAgent();
  const page = await half(agent);
  expect(page.body).not.toContain('factor-secret');
});

test('two browsers at once, and one twice: one factor, and the sign-in of the other is void', async () => {
  const [one, other] = [createAgent(), createAgent()];
  const [first, second] = [await beginOnTheWay(one, await half(one)), await beginOnTheWay(other, await half(other))];
  const forms = [formOf(first), formOf(second)];
  const cookie = (agent: Agent) => ({
    cookie: [...agent.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
  });
  const url = `${signet.issuer}/sign-in/add-factor/confirm`;
  const answers = await Promise.all([
    createAgent().post(url, forms[0]!, cookie(one)),
    createAgent().post(url, forms[0]!, cookie(one)),
    createAgent().post(url, forms[1]!, cookie(other)),
  ]);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.every(({ status }) => status < 500)).toBe(true);
  expect([await factorsOf(), await factorsOf('recovery_code')]).toEqual([1, 10]);
});

test('a sign-in with one factor that was under way elsewhere is refused after the first was added', async () => {
  const agent = createAgent();
  const page = await beginOnTheWay(agent, await half(agent));
  const done = await confirm(agent, formOf(page));
  expect(done.status).toBe(200);
  const again = createAgent();
  const next = await again.follow(
    await submitPassword(again, await ask(signet, again, ownClient), person),
    signet.issuer,
  );
  expect(outcomeOf(next)).toBe('second factor');
});

test('one can go back to the application', async () => {
  const agent = createAgent();
  const page = await half(agent);
  const back = await agent.post(`${signet.issuer}/sign-in/add-factor`, {
    attempt: field(page, 'attempt'),
    cancel: '1',
  });
  expect(new URL(back.location!).searchParams.get('error')).toBe('access_denied');
});
