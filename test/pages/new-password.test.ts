// A password that somebody else knows: changed before the first session, and over when it was not used.
import { pino } from 'pino';
import { cookieName } from '../support/cookies.ts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import { resetSecondFactors } from '../../src/flows/users/reset-second-factors.ts';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { authorizationRequest, claimsOf, exchangeCode, ownClient, submitPassword, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { codeOf, enrol, type Enrolled } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams, signIn } from '../support/visits.ts';

const two = 'urn:signet:acr:2fa';
const day = 86_400;
const strict = { ...ownClient, client_id: 'strict', required_acr: two } as const;
const wanted = 'the one that only she knows';
const path = '/sign-in/new-password';

let signet: TestSignet;
let session: string;
let lines: Record<string, unknown>[];
let person: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  lines = [];
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, strict] },
    log: pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) }),
  });
  session = cookieName(signet, 'session');
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  person = { username: `person-of-a-long-name-${people}`, password: 'the one that two of us know' };
  await signet.provision({
    users: [{ username: person.username, password: 'the one she has had so far' }],
    settings: { mfa: 'optional' },
  });
});

const context = async () =>
  contextWithoutRequest(signet.server.deps, (await tenantBySlug(signet.server.deps, 'default'))!, signet.clock.now);
/** As `signet user set-password` does. */
const given = async (password = person.password, mustChange = true) =>
  setPassword(signet.server.deps, await context(), person.username, password, { mustChange });
const eventsOf = async (type: string) =>
  query<{ data: object }>(
    signet.database.url,
    `SELECT data FROM audit_events WHERE type = $1 AND user_id = (SELECT id FROM users WHERE username = $2)`,
    [type, person.username],
  );
const sessionsOf = async () =>
  (
    await query(
      signet.database.url,
      `SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.username = $1 AND s.ended_at IS NULL`,
      [person.username],
    )
  ).length;

/** Types the password, and stands before the page that asks for another. */
async function choosing(agent: Agent, from?: Answer): Promise<Answer> {
  const page = from ?? (await ask(signet, agent, ownClient));
  const answer = await submitPassword(agent, page, person);
  expect(answer.location).toContain(`${path}?attempt=`);
  return agent.follow(answer, signet.issuer);
}

const choose = (agent: Agent, page: Answer, password = wanted, repeat = password) =>
  agent.post(`${signet.issuer}${path}`, {
    attempt: field(page, 'attempt'),
    new_password: password,
    new_password_repeat: repeat,
  });

const typeCode = (agent: Agent, page: Answer, { secret }: Enrolled) =>
  agent.post(`${signet.issuer}/sign-in/second-factor`, {
    attempt: field(page, 'attempt'),
    method: 'totp',
    code: codeOf(secret, signet.clock.now),
  });

const isTheForm = (page: Answer) => page.body.includes('id="new-password"');

test('password, another password: the client gets its code, once there is nothing to change', async () => {
  await given();
  const agent = createAgent();
  const asked = authorizationRequest(signet, ownClient);
  const page = await choosing(agent, await agent.follow(await agent.get(asked.url), signet.issuer));
  expect(agent.cookies.has(session), 'no session before').toBe(false);
  expect(page.body).toMatch(/autocomplete="username"/);
  for (const id of ['new-password', 'new-password-repeat'])
    expect(new RegExp(`<input[^>]*id="${id}"[^>]*>`).exec(page.body)![0]).toContain('autocomplete="new-password"');
  const done = await choose(agent, page);
  expect([done.status, agent.cookies.has(session)]).toEqual([303, true]);
  const back = await agent.follow(done, signet.issuer);
  expect(outcomeOf(back)).toBe('code');
  const { body } = await exchangeCode(signet, ownClient, asked, responseParams(back)['code']!);
  expect(claimsOf(body.id_token)).toMatchObject({ amr: ['pwd'] });
  expect(await eventsOf('user.password_change_asked')).toHaveLength(1);
  expect(await eventsOf('user.password_changed')).toEqual([{ data: { sessions: 0, grants: 0 } }]);
  await signIn(signet, { ...person, password: wanted });
  signet.clock.advance(8 * day);
  await signIn(signet, { ...person, password: wanted });
  const old = createAgent();
  expect((await submitPassword(old, await old.get(`${signet.issuer}/sign-in`), person)).status).toBe(403);
});

test('a password that was set without this stays', async () => {
  await given(person.password, false);
  await signIn(signet, person);
  signet.clock.advance(8 * day);
  await signIn(signet, person);
});

test('who came by themselves gets to the account; what was signed in before has ended', async () => {
  const before = await signIn(signet, { ...person, password: 'the one she has had so far' });
  await given();
  expect((await before.get(`${signet.issuer}/account`)).location).toContain('/sign-in');
  const agent = createAgent();
  const done = await choose(agent, await choosing(agent, await agent.get(`${signet.issuer}/sign-in`)));
  expect(done.location).toBe(`${signet.issuer}/account`);
  expect([(await agent.get(`${signet.issuer}/account`)).status, await sessionsOf()]).toEqual([200, 1]);
});

test('every other session ends with the change', async () => {
  const before = await signIn(signet, { ...person, password: 'the one she has had so far' });
  // As a process of an older Signet would leave it: the sessions there are go on.
  await query(
    signet.database.url,
    `UPDATE credentials SET change_version = version, change_by = $1
      WHERE user_id = (SELECT id FROM users WHERE username = $2) AND kind = 'password'`,
    [new Date(signet.clock.now + 1000 * day).toISOString(), person.username],
  );
  person = { ...person, password: 'the one she has had so far' };
  const agent = createAgent();
  await choose(agent, await choosing(agent));
  expect((await before.get(`${signet.issuer}/account`)).location).toContain('/sign-in');
  expect([await sessionsOf(), await eventsOf('user.password_changed')]).toEqual([
    1,
    [{ data: { sessions: 1, grants: 0 } }],
  ]);
});

test('a process that knows nothing of this changes the password: that one stays', async () => {
  await given();
  await query(
    signet.database.url,
    `UPDATE credentials SET version = version + 1
      WHERE user_id = (SELECT id FROM users WHERE username = $1) AND kind = 'password'`,
    [person.username],
  );
  signet.clock.advance(8 * day);
  await signIn(signet, person);
});

test('unused for seven days: the answer is that to a wrong password, and the log says why', async () => {
  await given();
  signet.clock.advance(7 * day - 1);
  const early = createAgent();
  await choosing(early);
  signet.clock.advance(1);
  const agent = createAgent();
  const late = await submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), person);
  const wrongs = createAgent();
  const wrong = await submitPassword(wrongs, await wrongs.get(`${signet.issuer}/sign-in`), {
    ...person,
    password: 'not the one',
  });
  const told = (page: Answer) => [page.status, /id="login-error"[^>]*>([^<]*)</.exec(page.body)?.[1]];
  expect(told(late)).toEqual(told(wrong));
  expect(late.status).toBe(403);
  const reasons = lines.filter(({ msg }) => msg === 'a factor was not proven').map(({ reason }) => reason);
  expect(reasons.slice(-2)).toEqual(['password has ended', 'wrong password']);
  const { status, body } = await logIn(signet, person);
  expect([status, body.code]).toEqual([401, 'wrong_credentials']);
});

test('the same rules as on the account page: each is said beside its field, and nothing is changed', async () => {
  await given();
  const agent = createAgent();
  const page = await choosing(agent);
  const tries = [
    ['too short', 'too short', 'new-password'],
    ['passwordpassword', 'passwordpassword', 'new-password'],
    [person.username, undefined, 'new-password'],
    [person.password, person.password, 'new-password'],
    [wanted, `${wanted}!`, 'new-password-repeat'],
    ['', '', 'new-password'],
  ] as const;
  for (const [password, repeat, id] of tries) {
    const refused = await choose(agent, page, password, repeat ?? password);
    expect([refused.status, password], refused.body).toEqual([422, password]);
    expect(new RegExp(`<input[^>]*id="${id}"[^>]*>`).exec(refused.body)![0], password).toContain('aria-invalid');
  }
  expect(agent.cookies.has(session)).toBe(false);
  expect((await choose(agent, page)).status).toBe(303);
});

test('with a second factor: the code first, and who has the password alone cannot change it', async () => {
  const enrolled = await enrol(signet, { ...person, password: 'the one she has had so far' });
  await given();
  const agent = createAgent();
  const answer = await submitPassword(agent, await ask(signet, agent, ownClient), person);
  expect(answer.location).toContain('/sign-in/second-factor?attempt=');
  const codePage = await agent.follow(answer, signet.issuer);
  const skipped = await agent.get(`${signet.issuer}${path}?attempt=${field(codePage, 'attempt')}`);
  expect(skipped.location).toContain('/sign-in?attempt=');
  expect((await choose(agent, codePage)).location).toContain('/sign-in?attempt=');
  expect(await eventsOf('user.password_changed')).toHaveLength(0);
  const page = await agent.follow(await typeCode(agent, codePage, enrolled), signet.issuer);
  expect([isTheForm(page), agent.cookies.has(session)]).toEqual([true, false]);
  const again = await agent.get(codePage.url);
  expect(again.location, 'the page of the code leads on').toContain(path);
  const replayed = createAgent();
  const other = await replayed.follow(
    await submitPassword(replayed, await ask(signet, replayed, ownClient), person),
    signet.issuer,
  );
  expect((await typeCode(replayed, other, enrolled)).status, 'the code is spent').toBe(403);
  const back = await agent.follow(await choose(agent, page), signet.issuer);
  expect(outcomeOf(back)).toBe('code');
  expect(await eventsOf('user.signed_in')).toContainEqual({ data: { amr: ['pwd', 'otp', 'mfa'], mfa_method: 'totp' } });
});

test('factors taken away by an operator: what was under way with them, and waits for a new password, is over', async () => {
  const enrolled = await enrol(signet, { ...person, password: 'the one she has had so far' });
  await given();
  const agent = createAgent();
  const answer = await submitPassword(agent, await ask(signet, agent, ownClient), person);
  const codePage = await agent.follow(answer, signet.issuer);
  const page = await agent.follow(await typeCode(agent, codePage, enrolled), signet.issuer);
  expect(isTheForm(page)).toBe(true);
  await resetSecondFactors(signet.server.deps, await context(), person.username);
  expect((await choose(agent, page)).location).toContain('/sign-in?attempt=');
  expect([agent.cookies.has(session), await sessionsOf()]).toEqual([false, 0]);
  // The password is still to be changed, by who has it.
  await choosing(createAgent());
});

test('a factor that is demanded of somebody who has none is added first', async () => {
  await given();
  const agent = createAgent();
  const answer = await submitPassword(agent, await ask(signet, agent, strict), person);
  expect(answer.location).toContain('/sign-in/add-factor?attempt=');
  const named = await agent.follow(answer, signet.issuer);
  expect((await choose(agent, named)).location, 'not before').toContain('/sign-in?attempt=');
  const page = await agent.follow(
    await agent.post(`${signet.issuer}/sign-in/add-factor`, { attempt: field(named, 'attempt'), name: 'Phone' }),
    signet.issuer,
  );
  const secret = /id="factor-secret"[^>]*>([A-Z2-7 ]+)</.exec(page.body)![1]!.replaceAll(' ', '');
  const added = await agent.post(`${signet.issuer}/sign-in/add-factor/confirm`, {
    attempt: field(page, 'attempt'),
    factor_id: field(page, 'factor_id'),
    code: codeOf(secret, signet.clock.now),
  });
  expect([added.status, agent.cookies.has(session)]).toEqual([200, false]);
  const onward = /id="codes-kept" href="([^"]+)"/.exec(added.body)![1]!;
  expect(onward).toContain(`${path}?attempt=`);
  const form = await agent.get(new URL(onward, signet.issuer).href);
  expect(outcomeOf(await agent.follow(await choose(agent, form), signet.issuer))).toBe('code');
  expect(await eventsOf('user.signed_in')).toEqual([{ data: { amr: ['pwd', 'otp', 'mfa'], mfa_method: 'totp' } }]);
});

test('every way around leads back: the hub, the account, adding a factor, another browser', async () => {
  await given();
  const agent = createAgent();
  const page = await choosing(agent);
  const attempt = field(page, 'attempt');
  expect(
    outcomeOf(await agent.follow(await agent.get(`${signet.issuer}/oauth/authorize/${attempt}`), signet.issuer)),
  ).toBe('sign-in');
  for (const around of ['/sign-in/add-factor', '/sign-in/second-factor'])
    expect((await agent.get(`${signet.issuer}${around}?attempt=${attempt}`)).location).toContain('/sign-in?attempt=');
  for (const account of ['/account', '/account/password'])
    expect((await agent.get(`${signet.issuer}${account}`)).location).toContain('/sign-in');
  const other = createAgent();
  await ask(signet, other, ownClient);
  expect((await other.get(page.url)).status).toBe(400);
  expect((await choose(other, page)).status).toBe(400);
  const fresh = await ask(signet, other, ownClient);
  const unproven = await other.get(`${signet.issuer}${path}?attempt=${field(fresh, 'attempt')}`);
  expect(unproven.location).toContain('/sign-in?attempt=');
  expect([await sessionsOf(), await eventsOf('user.password_changed')]).toEqual([0, []]);
  expect(isTheForm(await agent.get(page.url)), 'and the page is still there').toBe(true);
});

test('ten minutes later, or when the password was set again: back to the password', async () => {
  await given();
  const agent = createAgent();
  const page = await choosing(agent);
  signet.clock.advance(599);
  expect(isTheForm(await agent.get(page.url))).toBe(true);
  signet.clock.advance(1);
  expect((await choose(agent, page)).location).toContain('/sign-in?attempt=');
  const later = await choosing(agent);
  await given('another one that two of us know');
  expect((await choose(agent, later)).location).toContain('/sign-in?attempt=');
  expect([await sessionsOf(), await eventsOf('user.password_changed')]).toEqual([0, []]);
});

test('more is demanded meanwhile: what was proven is not enough any more', async () => {
  await given();
  await signet.provision({ clients: [{ ...ownClient, client_id: 'strict' }] });
  const agent = createAgent();
  const page = await choosing(agent, await ask(signet, agent, strict));
  await signet.provision({ clients: [strict] });
  expect((await choose(agent, page)).location).toContain('/sign-in?attempt=');
  expect([await sessionsOf(), await eventsOf('user.password_changed')]).toEqual([0, []]);
});

test('twice at once: one password, one session', async () => {
  await given();
  const agent = createAgent();
  const page = await choosing(agent);
  const gate = gateStatements(signet);
  // Both have seen that the attempt waits, before either changes anything.
  const held = gate.hold('before', /for no key update/i, 2);
  const both = [choose(agent, page, 'the first that only she knows'), choose(agent, page, 'the second only she knows')];
  await held.arrived;
  held.open();
  const answers = await Promise.all(both);
  expect(answers.map(({ status }) => status)).toEqual([303, 303]);
  const locations = answers.map(({ location }) => location!);
  expect(locations.filter((location) => location.includes('/sign-in?attempt='))).toHaveLength(1);
  expect([await sessionsOf(), (await eventsOf('user.password_changed')).length]).toEqual([1, 1]);
  gate.open();
});

test('back to the application: nothing is changed', async () => {
  await given();
  const agent = createAgent();
  const page = await choosing(agent);
  const left = await agent.post(`${signet.issuer}${path}`, { attempt: field(page, 'attempt'), cancel: 'yes' });
  expect(outcomeOf(left)).toBe('access_denied');
  expect(await sessionsOf()).toBe(0);
});

test('POST /auth/login: 403 with its code and no tokens, with a second factor and without', async () => {
  await given();
  const { status, body } = await logIn(signet, person);
  expect([status, body]).toEqual([403, expect.objectContaining({ code: 'password_change_required' })]);
  expect(Object.keys(body).filter((name) => name.includes('token'))).toEqual([]);
  expect([await sessionsOf(), (await eventsOf('user.password_change_asked')).length]).toEqual([0, 1]);
  await given('the one she has had so far', false);
  await enrol(signet, { ...person, password: 'the one she has had so far' });
  await given();
  expect((await logIn(signet, person)).body.code).toBe('password_change_required');
});
