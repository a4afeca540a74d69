// Races of signing in: one code per attempt, no session for a password that has just changed, one first administrator.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { passwordHasher } from '../../src/crypto/passwords.ts';
import { type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { authorizationRequest, codeFlow, ownClient, submitPassword, webClient, world } from '../support/flow.ts';
import { type Gate, gateStatements, statements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const people = ['carol', 'dave', 'erin', 'frank', 'grace'].map((username) => ({
  username,
  password: `${username} has a password`,
}));
const [carol, dave, erin, frank, grace] = people as [Person, Person, Person, Person, Person];
type Person = (typeof people)[number];

let signet: TestSignet;
let gate: Gate;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, users: [...world.users, ...people] } });
  gate = gateStatements(signet);
});
afterEach(() => gate.open());
afterAll(() => signet.stop());

test('two tabs finish one sign-in: one code, and the other tab is told', async () => {
  const agent = createAgent();
  const page = await agent.follow(await agent.get(authorizationRequest(signet, ownClient).url), signet.issuer);
  const done = await submitPassword(agent, page, carol);
  const issue = gate.hold('before', statements.issueCode, 2);
  const tabs = [1, 2].map(() => agent.get(done.location!));
  await issue.arrived;
  issue.open();
  const answers = await Promise.all(tabs);
  expect(answers.filter(({ location }) => location?.startsWith(ownClient.redirect_uris[0]!))).toHaveLength(1);
  expect(answers.find(({ location }) => location === undefined)).toMatchObject({ status: 409 });
  expect(await count('grants WHERE client_id = $1', 'own')).toBe(1);
});

test('two tabs allow one consent: one code', async () => {
  const agent = createAgent();
  const asked = authorizationRequest(signet, webClient);
  let page = await agent.follow(await agent.get(asked.url), signet.issuer);
  page = await agent.follow(await submitPassword(agent, page, carol), signet.issuer);
  const form = { attempt: field(page, 'attempt'), username: field(page, 'username'), decision: 'allow' };
  const issue = gate.hold('before', statements.issueCode, 2);
  const tabs = [1, 2].map(async () => agent.follow(await agent.post(`${signet.issuer}/consent`, form), signet.issuer));
  await issue.arrived;
  issue.open();
  const codes = (await Promise.all(tabs)).filter(({ location }) => location !== undefined);
  expect(codes).toHaveLength(1);
});

describe('between the check of the password and the session', () => {
  const changes = {
    'a new password': (username: string) =>
      signet.provision({ users: [{ username, password: 'quite another one', password_reset: true }] }),
    disabling: (username: string) => signet.provision({ users: [{ username, disabled: true }] }),
  };
  test.each([
    { what: 'a new password', user: dave },
    { what: 'disabling', user: erin },
  ] as const)('$what: no session', async ({ what, user }) => {
    const begin = gate.hold('before', statements.beginSession);
    const signingIn = signIn(user);
    await begin.arrived;
    await changes[what](user.username);
    begin.open();
    const answer = await signingIn;
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie().join()).not.toMatch(/-session-\d+=/);
    expect(await livingSessions(user)).toBe(0);
  });

  test('a new password, for a browser that proves it again: no session, and the old one is over', async () => {
    const { agent } = await codeFlow(signet, ownClient, { user: frank });
    const again = await agent.get(authorizationRequest(signet, ownClient, { prompt: 'login' }).url);
    const page = await agent.follow(again, signet.issuer);
    const renew = gate.hold('before', statements.renewSession);
    const signingIn = submitPassword(agent, page, frank);
    await renew.arrived;
    await changes['a new password'](frank.username);
    renew.open();
    expect((await signingIn).status).toBe(403);
    expect(await livingSessions(frank)).toBe(0);
  });

  test('the session was first: the new password waits for it, and ends it', async () => {
    const begun = gate.hold('after', statements.beginSession);
    const signingIn = signIn(grace);
    await begun.arrived;
    const changing = changes['a new password'](grace.username);
    await someoneWaitsForALock();
    begun.open();
    expect((await signingIn).status).toBe(303);
    await changing;
    expect(await livingSessions(grace)).toBe(0);
  });
});

test('two sign-ins at once with a hash that is due to be made anew: both get in, and one hash is kept', async () => {
  const weak = await passwordHasher(
    { memoryKiB: 64, iterations: 1, parallelism: 1 },
    { concurrency: 1, queue: 1 },
  ).hash('an imported pass phrase');
  await signet.provision({ users: [{ username: 'heidi', password_hash: weak }] });
  const heidi = { username: 'heidi', password: 'an imported pass phrase' };
  const begin = gate.hold('before', statements.beginSession, 2);
  const both = [signIn(heidi), signIn(heidi)];
  await begin.arrived;
  begin.open();
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual([303, 303]);
  expect(await livingSessions(heidi)).toBe(2);
  expect(
    await count(
      `credentials c JOIN users u ON u.id = c.user_id WHERE u.username = $1 AND c.secret LIKE '$argon2id$v=19$m=256,t=2,%'`,
      'heidi',
    ),
  ).toBe(1);
  expect((await signIn(heidi)).status).toBe(303);
});

describe('the first administrator', () => {
  let fresh: TestSignet;
  beforeAll(async () => {
    fresh = await startSignet();
  });
  afterAll(() => fresh.stop());

  test('two setup forms at once: one is made, the other is told that the link was used', async () => {
    const freshGate = gateStatements(fresh);
    const token = new URL(fresh.server.setupUrl!).searchParams.get('token')!;
    const spend = freshGate.hold('before', statements.spendOneTimeToken, 2);
    const forms = ['one', 'two'].map((username) =>
      createAgent().post(`${fresh.issuer}/setup`, {
        token,
        username,
        email: `${username}@example.com`,
        password: 'a pass phrase for an administrator',
      }),
    );
    await spend.arrived;
    spend.open();
    expect((await Promise.all(forms)).map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 410]);
    expect(await query(fresh.database.url, `SELECT admin_roles FROM users`)).toEqual([{ admin_roles: ['owner'] }]);
    expect((await createAgent().get(fresh.server.setupUrl!)).status).toBe(410);
  });
});

async function signIn(user: Person): Promise<Answer> {
  const agent = createAgent();
  return submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), user);
}

async function livingSessions({ username }: Person): Promise<number> {
  return count('sessions JOIN users ON users.id = user_id WHERE username = $1 AND ended_at IS NULL', username);
}

async function count(from: string, value: string): Promise<number> {
  const [row] = await query<{ n: number }>(signet.database.url, `SELECT count(*)::int AS n FROM ${from}`, [value]);
  return row!.n;
}

async function someoneWaitsForALock(): Promise<void> {
  await expect
    .poll(async () => {
      const from = `pg_stat_activity WHERE datname = current_database() AND wait_event_type = $1`;
      return count(from, 'Lock');
    })
    .toBeGreaterThan(0);
}
