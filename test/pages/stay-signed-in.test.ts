// Staying signed in: a cookie that outlives the browser for whoever ticks the box, for as long as the session lives, as the tenant says.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import type { StayPolicy } from '../../src/domain/session.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { bob, ownClient, world } from '../support/flow.ts';
import { codeOf, enrol } from '../support/second-factors.ts';
import { signOut } from '../support/endings.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf } from '../support/visits.ts';

const lifetime = 20_000;
const two = 'urn:signet:acr:2fa';
const strict = { ...ownClient, client_id: 'strict', required_acr: two } as const;

let signet: TestSignet;
let person: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, strict] } });
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  person = { username: `person-${people}`, password: 'the one she has had so far' };
  await says('ask');
  await signet.provision({ users: [person] });
});

const says = (stay_signed_in: StayPolicy) =>
  signet.provision({ settings: { stay_signed_in, session_lifetime: lifetime, session_idle_lifetime: lifetime } });

/** Seconds for which the answer keeps somebody signed in; `browser`: until the browser ends. */
function lastsFor(answer: Answer): number | 'browser' {
  const line = answer.headers.getSetCookie().find((cookie) => cookie.startsWith(`${cookieName(signet, 'session')}=`));
  if (line === undefined) throw new Error(`no session cookie but ${answer.status}: ${answer.body.slice(0, 500)}`);
  expect(line).toContain('; Path=/; HttpOnly; SameSite=Lax');
  expect(line, 'by the clock of the browser').not.toMatch(/expires=/i);
  const seconds = /; Max-Age=(\d+)/.exec(line)?.[1];
  return seconds === undefined ? 'browser' : Number(seconds);
}

const stay = { stay: '1' };
const frontDoor = (agent: Agent) => agent.get(`${signet.issuer}/sign-in`);
const box = (page: Answer) => /<input[^>]*id="login-stay"[^>]*>/.exec(page.body)?.[0];

/** Types the password on this page, with whatever else stands in the form. */
const type = (agent: Agent, page: Answer, more: Record<string, string> = {}, user = person) =>
  agent.post(`${signet.issuer}/sign-in`, { attempt: field(page, 'attempt'), ...user, ...more });

/** The same where a second factor is asked for: the answer to the code. */
async function typeBoth(agent: Agent, page: Answer, secret: string, more: Record<string, string> = {}) {
  const second = await agent.follow(await type(agent, page, more), signet.issuer);
  expect(outcomeOf(second)).toBe('second factor');
  const code = codeOf(secret, signet.clock.now);
  const attempt = field(second, 'attempt');
  const done = await agent.post(`${signet.issuer}/sign-in/second-factor`, { attempt, code });
  signet.clock.advance(30);
  return done;
}

const secretOn = (page: Answer) => /id="factor-secret"[^>]*>([A-Z2-7 ]+)</.exec(page.body)![1]!.replaceAll(' ', '');

/** Adds the first factor on the way: the answer to its first code. */
async function addOnTheWay(agent: Agent, page: Answer, more: Record<string, string> = {}): Promise<Answer> {
  const named = await agent.follow(await type(agent, page, more), signet.issuer);
  const path = `${signet.issuer}/sign-in/add-factor`;
  const begun = await agent.post(path, { attempt: field(named, 'attempt'), name: 'Phone' });
  const shown = await agent.follow(begun, signet.issuer);
  return agent.post(`${path}/confirm`, {
    attempt: field(shown, 'attempt'),
    factor_id: field(shown, 'factor_id'),
    code: codeOf(secretOn(shown), signet.clock.now),
  });
}

/** Adds a factor on the account page, soon after a sign-in: the answer to its first code. */
async function addOnTheAccount(agent: Agent): Promise<Answer> {
  const at = `${signet.issuer}/account`;
  const csrf = field(await agent.get(at), 'csrf');
  const shown = await agent.follow(await agent.post(`${at}/two-step/add`, { csrf, name: 'Phone' }), signet.issuer);
  const code = codeOf(secretOn(shown), signet.clock.now);
  return agent.post(`${at}/two-step/confirm`, { csrf, factor_id: field(shown, 'factor_id'), code });
}

async function signedIn(more: Record<string, string> = {}): Promise<Agent> {
  const agent = createAgent();
  lastsFor(await type(agent, await frontDoor(agent), more));
  return agent;
}

/** What happens to a cookie in the life of a session: a proof again, a step-up, a factor added. */
const renewals: [string, (agent: Agent) => Promise<Answer>][] = [
  ['proving again who one is', async (agent) => type(agent, await ask(signet, agent, ownClient, { prompt: 'login' }))],
  [
    'a step-up',
    async (agent) => {
      const { secret } = await enrol(signet, person);
      return typeBoth(agent, await ask(signet, agent, ownClient, { acr_values: two }), secret);
    },
  ],
  ['a step-up that adds a factor', async (agent) => addOnTheWay(agent, await ask(signet, agent, strict))],
  ['adding a factor on the account page', addOnTheAccount],
];

describe('where the tenant lets people choose', () => {
  test('the box is there and not ticked: left so, the cookie ends with the browser', async () => {
    const agent = createAgent();
    const page = await frontDoor(agent);
    expect(box(page)).toContain('name="stay"');
    expect(box(page)).not.toContain('checked');
    expect(lastsFor(await type(agent, page))).toBe('browser');
  });

  test('ticked: it lives as long as the session, and no longer', async () => {
    const agent = createAgent();
    expect(lastsFor(await type(agent, await frontDoor(agent), stay))).toBe(lifetime);
    signet.clock.advance(lifetime);
    expect(outcomeOf(await ask(signet, agent, ownClient, { prompt: 'none' }))).toBe('login_required');
  });

  test('a wrong password leaves the box as it was', async () => {
    const agent = createAgent();
    const page = await frontDoor(agent);
    const wrong = { ...person, password: 'not it, not at all' };
    expect(box(await type(agent, page, {}, wrong))).not.toContain('checked');
    const refused = await type(agent, page, stay, wrong);
    expect(box(refused)).toContain('checked');
    expect(lastsFor(await type(agent, refused, stay))).toBe(lifetime);
  });

  test('it is carried to the second factor, with a client and without, ticked or not', async () => {
    const { secret } = await enrol(signet, person);
    for (const [form, expected] of [
      [stay, lifetime],
      [{}, 'browser'],
    ] as const)
      for (const open of [frontDoor, (agent: Agent) => ask(signet, agent, ownClient)]) {
        const agent = createAgent();
        expect(lastsFor(await typeBoth(agent, await open(agent), secret, form))).toBe(expected);
      }
  });

  test('a password that an older process took asks for nothing that lasts', async () => {
    const { secret } = await enrol(signet, person);
    const agent = createAgent();
    const second = await agent.follow(await type(agent, await frontDoor(agent), stay), signet.issuer);
    await query(signet.database.url, 'UPDATE sign_in_attempts SET stay_signed_in = NULL');
    const form = { attempt: field(second, 'attempt'), code: codeOf(secret, signet.clock.now) };
    expect(lastsFor(await agent.post(`${signet.issuer}/sign-in/second-factor`, form))).toBe('browser');
  });

  test('who types the password anew in the same attempt chooses anew', async () => {
    const { secret } = await enrol(signet, person);
    const agent = createAgent();
    const page = await frontDoor(agent);
    await type(agent, page, stay);
    expect(lastsFor(await typeBoth(agent, page, secret))).toBe('browser');
  });

  test('it is carried through the factor to the page that asks for another password, ticked or not', async () => {
    const { secret } = await enrol(signet, person);
    const { deps } = signet.server;
    for (const [form, expected] of [
      [stay, lifetime],
      [{}, 'browser'],
    ] as const) {
      const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, signet.clock.now);
      await setPassword(deps, context, person.username, person.password, { mustChange: true });
      const agent = createAgent();
      const page = await agent.follow(await typeBoth(agent, await frontDoor(agent), secret, form), signet.issuer);
      person = { ...person, password: `${person.password}, and some more` };
      const chosen = { new_password: person.password, new_password_repeat: person.password };
      const path = `${signet.issuer}/sign-in/new-password`;
      expect(lastsFor(await agent.post(path, { attempt: field(page, 'attempt'), ...chosen }))).toBe(expected);
    }
  });

  test('it is carried to the page that adds a factor, ticked or not', async () => {
    const [one, other] = [createAgent(), createAgent()];
    expect(lastsFor(await addOnTheWay(one, await ask(signet, one, strict), stay))).toBe(lifetime);
    people += 1;
    person = { ...person, username: `person-${people}` };
    await signet.provision({ users: [person] });
    expect(lastsFor(await addOnTheWay(other, await ask(signet, other, strict)))).toBe('browser');
  });

  test.each(renewals)('%s: another cookie, for what is left', async (_what, renew) => {
    const agent = await signedIn(stay);
    const old = agent.cookies.get(cookieName(signet, 'session'));
    const begun = signet.clock.now;
    signet.clock.advance(120);
    const left = lastsFor(await renew(agent));
    expect(agent.cookies.get(cookieName(signet, 'session'))).not.toBe(old);
    // The step-up waits for the next code.
    expect(left).toBeLessThanOrEqual(lifetime - 120);
    expect(left).toBeGreaterThanOrEqual(lifetime - (signet.clock.now - begun) / 1000);
  });

  test.each(renewals)('%s: what ends with the browser still does', async (_what, renew) => {
    expect(lastsFor(await renew(await signedIn()))).toBe('browser');
  });

  test('a part of a second is not lived', async () => {
    const agent = await signedIn(stay);
    signet.clock.advance(0.5);
    const page = await ask(signet, agent, ownClient, { prompt: 'login' });
    expect(lastsFor(await type(agent, page))).toBe(lifetime - 1);
  });

  test('whoever proves again who they are is not asked', async () => {
    const agent = await signedIn(stay);
    expect(box(await ask(signet, agent, ownClient, { prompt: 'login' }))).toBeUndefined();
    signet.clock.advance(400);
    const csrf = field(await agent.get(`${signet.issuer}/account`), 'csrf');
    const asked = await agent.post(`${signet.issuer}/account/two-step/add`, { csrf, name: 'Phone' });
    const page = await agent.follow(asked, signet.issuer);
    expect([outcomeOf(page), box(page)]).toEqual(['sign-in', undefined]);
  });

  test('a box that was shown counts, also when its person has signed in in another tab meanwhile; it takes nothing back', async () => {
    const agent = createAgent();
    const [one, other, third] = [await frontDoor(agent), await frontDoor(agent), await frontDoor(agent)];
    expect(lastsFor(await type(agent, one))).toBe('browser');
    expect(lastsFor(await type(agent, other, stay))).toBe(lifetime);
    expect(lastsFor(await type(agent, third))).toBe(lifetime);
  });

  test('max_age and prompt=login ask again all the same', async () => {
    const agent = await signedIn(stay);
    signet.clock.advance(61);
    expect(outcomeOf(await ask(signet, agent, ownClient))).toBe('code');
    expect(outcomeOf(await ask(signet, agent, ownClient, { max_age: '60' }))).toBe('sign-in');
    expect(outcomeOf(await ask(signet, agent, ownClient, { prompt: 'login' }))).toBe('sign-in');
  });

  test('somebody else at the same browser starts with their own choice', async () => {
    const agent = await signedIn(stay);
    const again = await ask(signet, agent, ownClient, { prompt: 'login' });
    expect(lastsFor(await type(agent, again, {}, bob))).toBe('browser');
    const other = await ask(signet, agent, ownClient, { prompt: 'login' });
    expect(lastsFor(await type(agent, other, stay))).toBe(lifetime);
  });

  test('signing out clears it', async () => {
    const agent = await signedIn(stay);
    await signOut(signet, agent);
    expect(agent.cookies.has(cookieName(signet, 'session'))).toBe(false);
    expect(lastsFor(await type(agent, await frontDoor(agent)))).toBe('browser');
  });

  test('the session and its ends are the same either way, and one without a browser has no cookie to keep', async () => {
    await signedIn(stay);
    await signedIn();
    await logIn(signet, person, { scope: 'openid' });
    const rows = await query<{ persistent: boolean; idle: number; life: number }>(
      signet.database.url,
      `SELECT persistent, extract(epoch FROM idle_expires_at - started_at)::integer AS idle,
          extract(epoch FROM expires_at - started_at)::integer AS life
        FROM sessions JOIN users u ON u.id = user_id WHERE u.username = '${person.username}' ORDER BY persistent DESC`,
    );
    expect(rows).toEqual([true, false, false].map((persistent) => ({ persistent, idle: lifetime, life: lifetime })));
  });
});

describe('where the tenant has decided', () => {
  test('always: nobody is asked, everybody stays, also after a renewal', async () => {
    await says('always');
    const agent = createAgent();
    const page = await frontDoor(agent);
    expect(box(page)).toBeUndefined();
    expect(lastsFor(await type(agent, page))).toBe(lifetime);
    signet.clock.advance(100);
    expect(lastsFor(await type(agent, await ask(signet, agent, ownClient, { prompt: 'login' })))).toBe(lifetime - 100);
    expect(lastsFor(await addOnTheAccount(agent))).toBe(lifetime - 100);
  });

  test('never: nobody is asked, and a forged field changes nothing', async () => {
    await says('never');
    const agent = createAgent();
    const page = await frontDoor(agent);
    expect(box(page)).toBeUndefined();
    expect(lastsFor(await type(agent, page, stay))).toBe('browser');
    expect(lastsFor(await type(agent, await ask(signet, agent, ownClient, { prompt: 'login' }), stay))).toBe('browser');
    const { secret } = await enrol(signet, person);
    const other = createAgent();
    expect(lastsFor(await typeBoth(other, await frontDoor(other), secret, stay))).toBe('browser');
  });

  test('never, decided later: the next cookie of a session that would stay ends with the browser', async () => {
    const [one, other] = [await signedIn(stay), await signedIn(stay)];
    await says('never');
    expect(lastsFor(await type(one, await ask(signet, one, ownClient, { prompt: 'login' })))).toBe('browser');
    expect(lastsFor(await addOnTheAccount(other))).toBe('browser');
  });
});
