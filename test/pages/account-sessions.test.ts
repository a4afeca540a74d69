// Ending on the account page: only with a fresh proof of the same person, of all other sessions at once, and never by a link.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { bob, codeFlow, getUserinfo, refresh, submitPassword, webClient, world } from '../support/flow.ts';
import { type Gate, gateStatements } from '../support/gate.ts';
import { codeOf, enrol } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf, signIn } from '../support/visits.ts';

/** Seconds: as long as a proof is fresh. */
const fresh = 300;
const offline = { scope: 'openid offline_access' };

let signet: TestSignet;
let gate: Gate;
let globex: { issuer: string };
let person: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ ...world, tenant: { slug: 'globex', name: 'Globex' } });
  gate = gateStatements(signet);
  globex = { issuer: `${signet.issuer}/t/globex` };
});
afterAll(() => signet.stop());
afterEach(() => gate.open());
beforeEach(async () => {
  people += 1;
  person = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [person] });
});

const account = (agent: Agent) => agent.get(`${signet.issuer}/account/sessions`);
const isSignedIn = async (agent: Agent) => (await account(agent)).status === 200;
const otherOn = (page: Answer) => /name="session_id" value="([^"]+)"/.exec(page.body)![1]!;
const changes = ['sessions/end', 'sessions/end-others', 'consents/revoke'] as const;

/** Somebody on a laptop, whose phone has tokens of a client too. */
async function laptopAndPhone() {
  const { agent: phone, tokens } = await codeFlow(signet, webClient, { user: person });
  const laptop = await signIn(signet, person);
  const page = await account(laptop);
  const form = { csrf: field(page, 'csrf'), session_id: otherOn(page), client_id: 'web' };
  const press = (path: string, more: Record<string, string> = {}) =>
    laptop.post(`${signet.issuer}/account/${path}`, { ...form, ...more });
  const hasEnded = async () => [
    !(await isSignedIn(phone)),
    (await refresh(signet, webClient, tokens.refresh_token)).status !== 200,
  ];
  return { phone, tokens, laptop, page, form, press, hasEnded };
}

/** The button of the page that asks once more. */
function confirm(agent: Agent, page: Answer): Promise<Answer> {
  const form: Record<string, string> = { csrf: field(page, 'csrf') };
  for (const name of ['session_id', 'client_id'])
    if (page.body.includes(`name="${name}"`)) form[name] = field(page, name);
  const url = new URL(page.url);
  return agent.post(url.origin + url.pathname, form);
}

const goes = (answer: Answer) => answer.location?.replace(signet.issuer, '');
const follow = (agent: Agent, answer: Answer) => agent.follow(answer, signet.issuer);

describe('a fresh proof', () => {
  test.each(changes)('%s: done at once within five minutes of the sign-in', async (path) => {
    const { press, hasEnded } = await laptopAndPhone();
    signet.clock.advance(fresh - 1);
    expect(goes(await press(path))).toMatch(/^\/account\/(?:sessions|applications)\?notice=/);
    expect(await hasEnded()).toEqual([path !== 'consents/revoke', true]);
  });

  test.each(changes)('%s: the same person signs in again, is shown what ends, and ends it', async (path) => {
    const { laptop, press, hasEnded } = await laptopAndPhone();
    signet.clock.advance(fresh);
    const prompt = await follow(laptop, await press(path));
    expect([outcomeOf(prompt), field(prompt, 'username')]).toEqual(['sign-in', person.username]);
    expect(await hasEnded()).toEqual([false, false]);
    expect(prompt.body).toContain('Confirm it is you');
    const asked = await follow(laptop, await submitPassword(laptop, prompt, person));
    expect([asked.status, new URL(asked.url).pathname]).toEqual([200, `/account/${path}`]);
    expect(asked.body).toContain('id="account-change-confirm"');
    expect(await hasEnded(), 'the sign-in ends nothing by itself').toEqual([false, false]);
    expect(goes(await confirm(laptop, asked))).toMatch(/^\/account\/(?:sessions|applications)\?notice=/);
    expect(await hasEnded()).toEqual([path !== 'consents/revoke', true]);
    expect(await isSignedIn(laptop)).toBe(true);
  });

  test('somebody else at the prompt comes to their own account; nothing of the first person ends elsewhere', async () => {
    const { laptop, phone, press, hasEnded, form } = await laptopAndPhone();
    signet.clock.advance(fresh);
    const prompt = await follow(laptop, await press('sessions/end'));
    const answer = await submitPassword(laptop, prompt, bob);
    expect(goes(answer)).toBe('/account');
    expect(await hasEnded()).toEqual([false, false]);
    const csrf = field(await account(laptop), 'csrf');
    expect((await press('sessions/end')).status, 'the form of the first person').toBe(403);
    for (const path of changes) await press(path, { csrf });
    const session = `${signet.issuer}/account/sessions/end?session_id=${form.session_id}`;
    expect(goes(await laptop.get(session))).toBe('/account/sessions');
    expect(await hasEnded()).toEqual([false, false]);
    expect(await isSignedIn(phone)).toBe(true);
  });

  test('a second factor is asked for, and what was to end is not forgotten over it', async () => {
    const { secret } = await enrol(signet, person);
    const sign = async (agent: Agent, prompt: Answer) => {
      const second = await follow(agent, await submitPassword(agent, prompt, person));
      expect(outcomeOf(second)).toBe('second factor');
      const form = { attempt: field(second, 'attempt'), code: codeOf(secret, signet.clock.now) };
      const answer = await agent.post(`${signet.issuer}/sign-in/second-factor`, form);
      signet.clock.advance(30);
      return { answer, second };
    };
    const [phone, laptop] = [createAgent(), createAgent()];
    for (const agent of [phone, laptop]) await sign(agent, await agent.get(`${signet.issuer}/sign-in`));
    signet.clock.advance(fresh);
    const page = await account(laptop);
    const form = { csrf: field(page, 'csrf') };
    const prompt = await follow(laptop, await laptop.post(`${signet.issuer}/account/sessions/end-others`, form));
    expect(outcomeOf(prompt)).toBe('sign-in');
    await submitPassword(laptop, prompt, person);
    const halfWay = await laptop.post(`${signet.issuer}/account/sessions/end-others`, form);
    expect(goes(halfWay), 'the password alone is no proof').toMatch(/^\/sign-in\?attempt=/);
    expect(await isSignedIn(phone)).toBe(true);
    const { answer, second } = await sign(laptop, prompt);
    expect(second.body, 'a way back to the account').toContain('id="login-cancel"');
    expect(goes(answer)).toBe('/account/sessions/end-others');
    expect(goes(await laptop.get(second.url)), 'gone back to').toBe('/account/sessions/end-others');
    await confirm(laptop, await follow(laptop, answer));
    expect([await isSignedIn(phone), await isSignedIn(laptop)]).toEqual([false, true]);
  });

  test('two tabs: once proven in one, the other goes on; its form still works', async () => {
    const { laptop, press, hasEnded } = await laptopAndPhone();
    signet.clock.advance(fresh);
    const one = await follow(laptop, await press('sessions/end'));
    const other = await follow(laptop, await press('consents/revoke'));
    await submitPassword(laptop, one, person);
    expect(goes(await laptop.get(other.url))).toBe('/account/consents/revoke?client_id=web');
    expect(goes(await press('sessions/end')), 'the page from before').toBe('/account/sessions?notice=session_ended');
    expect(await hasEnded()).toEqual([true, true]);
  });

  test('signing out, and ending the session that one is in, never need a proof', async () => {
    const { laptop, phone, press } = await laptopAndPhone();
    const own = otherOn(await account(phone));
    signet.clock.advance(fresh);
    expect(goes(await press('sessions/end', { session_id: own }))).toBe('/account/sessions?notice=session_ended');
    expect(await isSignedIn(laptop)).toBe(false);
    const csrf = field(await account(phone), 'csrf');
    expect((await phone.post(`${signet.issuer}/sign-out`, { csrf, decision: 'confirm' })).status).toBe(200);
    expect(await isSignedIn(phone)).toBe(false);
  });

  test('a prompt is of its browser and its tenant, and one can go back', async () => {
    const { laptop, press } = await laptopAndPhone();
    signet.clock.advance(fresh);
    const prompt = await follow(laptop, await press('sessions/end'));
    expect(outcomeOf(await (await signIn(signet, bob)).get(prompt.url))).toBe('page attempt_unknown');
    const there = prompt.url.replace(signet.issuer, globex.issuer);
    expect(outcomeOf(await laptop.get(there))).toBe('page attempt_unknown');
    const form = { attempt: field(prompt, 'attempt'), cancel: '1' };
    const back = await follow(laptop, await laptop.post(`${signet.issuer}/sign-in`, form));
    expect([back.status, new URL(back.url).pathname]).toEqual([200, '/account']);
  });
});

describe('asking once more', () => {
  test.each(changes)(
    'GET %s ends nothing; without a fresh proof it asks for one, and then shows the page',
    async (path) => {
      const { laptop, form, hasEnded } = await laptopAndPhone();
      const url = `${signet.issuer}/account/${path}?${new URLSearchParams(form).toString()}`;
      const page = await laptop.get(url);
      expect([page.status, page.body.includes('id="account-change-confirm"')]).toEqual([200, true]);
      expect(page.body).toContain('id="sign-out"');
      signet.clock.advance(fresh);
      expect(goes(await laptop.get(url))).toMatch(/^\/sign-in\?attempt=/);
      expect(goes(await createAgent().get(url))).toBe('/sign-in');
      expect(await hasEnded()).toEqual([false, false]);
    },
  );

  test('what is not there cannot be asked for', async () => {
    const laptop = await signIn(signet, person);
    for (const path of [
      'sessions/end-others',
      'sessions/end?session_id=x',
      'consents/revoke?client_id=web',
      'sessions/end',
    ])
      expect(goes(await laptop.get(`${signet.issuer}/account/${path}`)), path).toBe(
        path.startsWith('consents') ? '/account/applications' : '/account/sessions',
      );
  });
});

describe('everywhere else', () => {
  const endOthers = async (agent: Agent) =>
    agent.post(`${signet.issuer}/account/sessions/end-others`, { csrf: field(await account(agent), 'csrf') });

  /** Both stand right before the sessions of their person are locked. */
  const atOnce = async (...agents: Agent[]) => {
    const held = gate.hold('before', /for no key update/i, agents.length);
    const answers = Promise.all(agents.map(endOthers));
    await held.arrived;
    held.open();
    return answers;
  };

  test('all others end with their grants, each with its event; this one, offline grants and other people stay', async () => {
    const { agent: phone, tokens } = await codeFlow(signet, webClient, { user: person });
    const { tokens: kept } = await codeFlow(signet, webClient, { user: person, agent: phone, change: offline });
    const tablet = await signIn(signet, person);
    const { agent: laptop, tokens: own } = await codeFlow(signet, webClient, { user: person });
    const stranger = await signIn(signet, bob);
    const asked = await laptop.get(`${signet.issuer}/account/sessions/end-others`);
    expect(asked.body).toContain('2 other sessions are about to end');
    const page = await follow(laptop, await confirm(laptop, asked));
    expect(page.body).toContain('You have been signed out everywhere else.');
    expect(await Promise.all([phone, tablet, laptop, stranger].map(isSignedIn))).toEqual([false, false, true, true]);
    expect((await refresh(signet, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(401);
    expect((await getUserinfo(signet, own.access_token)).status).toBe(200);
    expect((await refresh(signet, webClient, own.refresh_token)).status).toBe(200);
    expect((await refresh(signet, webClient, kept.refresh_token)).status).toBe(200);
    const events = await query(
      signet.database.url,
      `SELECT DISTINCT e.session_id, e.data->>'reason' AS reason, e.actor_kind, e.actor_id = u.id::text AS own, s.end_reason
       FROM audit_events e JOIN users u ON u.id = e.user_id JOIN sessions s ON s.id = e.session_id
       WHERE e.type = 'session.ended' AND u.username = $1`,
      [person.username],
    );
    const one = { reason: 'by_user', actor_kind: 'user', own: true, end_reason: 'by_user' };
    expect(events).toEqual([expect.objectContaining(one), expect.objectContaining(one)]);
  });

  test('there is a way to it only while there are others', async () => {
    const laptop = await signIn(signet, person);
    expect((await account(laptop)).body).not.toContain('id="end-others"');
    const phone = await signIn(signet, person);
    expect((await account(phone)).body).toContain('id="end-others"');
    await endOthers(phone);
    expect((await account(phone)).body).not.toContain('id="end-others"');
  });

  test('two browsers at once: the first stays signed in, and the third ends either way', async () => {
    const [one, other, third] = [
      await signIn(signet, person),
      await signIn(signet, person),
      await signIn(signet, person),
    ];
    const answers = await atOnce(one, other);
    expect(new Set(answers.map(goes))).toEqual(new Set(['/account/sessions?notice=sessions_ended', '/sign-in']));
    const left = await Promise.all([one, other, third].map(isSignedIn));
    expect(left.filter(Boolean).length).toBe(1);
    expect(left[2]).toBe(false);
    expect(left[0]).toBe(goes(answers[0]!) !== '/sign-in');
  });

  test('pressed twice at once in one browser: both are told that it is done', async () => {
    const [one, other] = [await signIn(signet, person), await signIn(signet, person)];
    const answers = await atOnce(one, one);
    expect(answers.map(goes)).toEqual(Array(2).fill('/account/sessions?notice=sessions_ended'));
    expect([await isSignedIn(one), await isSignedIn(other)]).toEqual([true, false]);
  });

  test('only with the form token of this very session, and nothing of another tenant', async () => {
    await signet.provision({ users: [person], tenant: { slug: 'globex', name: 'Globex' } });
    const there = await signIn(globex, person);
    const [laptop, phone] = [await signIn(signet, person), await signIn(signet, person)];
    for (const csrf of [
      '',
      'x',
      field(await there.get(`${globex.issuer}/account`), 'csrf'),
      field(await account(phone), 'csrf'),
    ]) {
      const answer = await laptop.post(`${signet.issuer}/account/sessions/end-others`, { csrf });
      expect([answer.status, outcomeOf(answer)]).toEqual([403, 'page csrf']);
    }
    const crossSite = { 'sec-fetch-site': 'cross-site' };
    const csrf = field(await account(laptop), 'csrf');
    const fromElsewhere = await laptop.post(`${signet.issuer}/account/sessions/end-others`, { csrf }, crossSite);
    expect(fromElsewhere.status).toBe(403);
    expect(await isSignedIn(phone)).toBe(true);
    await endOthers(laptop);
    expect(await isSignedIn(phone)).toBe(false);
    expect((await there.get(`${globex.issuer}/account`)).status).toBe(200);
  });
});

test('who is asked for consent can sign out there', async () => {
  const { agent } = await codeFlow(signet, webClient, { user: person });
  const url = `${signet.issuer}/oauth/authorize?${new URLSearchParams({
    client_id: 'web',
    redirect_uri: webClient.redirect_uris[0]!,
    response_type: 'code',
    scope: 'openid',
    prompt: 'consent',
    code_challenge: 'A'.repeat(43),
    code_challenge_method: 'S256',
  }).toString()}`;
  const page = await follow(agent, await agent.get(url));
  expect([outcomeOf(page), page.body.includes('id="sign-out"')]).toEqual(['consent', true]);
  const form = { csrf: field(page, 'csrf'), decision: 'confirm' };
  expect((await agent.post(`${signet.issuer}/sign-out`, form)).body).toContain('id="logout-done"');
  expect(await isSignedIn(agent)).toBe(false);
  expect(outcomeOf(await follow(agent, await agent.get(page.url)))).toBe('sign-in');
});
