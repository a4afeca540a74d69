// The password and the second factors on the account pages: by the person only, after a fresh proof with all that they have.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { bob, codeFlow, refresh, submitPassword, webClient, world } from '../support/flow.ts';
import { codeOf } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { outcomeOf, signIn } from '../support/visits.ts';

/** Seconds: as long as a proof is fresh. */
const fresh = 300;
const wanted = 'an entirely different pass phrase';

let signet: TestSignet;
let person: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  person = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [person] });
});

const at = (agent: Agent, path: string) => agent.get(`${signet.issuer}/account${path}`);
const goes = (answer: Answer) => answer.location?.replace(signet.issuer, '');
const csrfOf = async (agent: Agent) => field(await at(agent, ''), 'csrf');
const post = async (agent: Agent, path: string, form: Record<string, string> = {}) =>
  agent.post(`${signet.issuer}/account${path}`, { csrf: await csrfOf(agent), ...form });
const isSignedIn = async (agent: Agent) => (await at(agent, '')).status === 200;
const secretOn = (page: Answer) => /id="factor-secret"[^>]*>([A-Z2-7 ]+)</.exec(page.body)![1]!.replaceAll(' ', '');
const codesOn = (page: Answer) => [...page.body.matchAll(/<code>([^<]+)<\/code>/g)].map((match) => match[1]!);
const factorsOf = async () =>
  query<{ kind: string }>(
    signet.database.url,
    `SELECT c.kind FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = '${person.username}' AND c.kind <> 'password'`,
  );

/** Adds an authenticator application, and gives its secret and the answer to its first code. */
async function add(agent: Agent, name = 'Phone') {
  const begun = await post(agent, '/two-step/add', { name });
  expect(goes(begun)).toBe('/account/two-step/confirm');
  const page = await agent.get(begun.location!);
  const secret = secretOn(page);
  const form = { factor_id: field(page, 'factor_id'), code: codeOf(secret, signet.clock.now) };
  return { secret, form, confirmed: await post(agent, '/two-step/confirm', form) };
}

/** Signs in at the prompt that `answer` leads to, with a code if there is a secret. */
async function prove(agent: Agent, answer: Answer, secret?: string): Promise<Answer> {
  const prompt = await agent.follow(answer, signet.issuer);
  expect(outcomeOf(prompt)).toBe('sign-in');
  const next = await submitPassword(agent, prompt, person);
  if (secret === undefined) return next;
  const second = await agent.follow(next, signet.issuer);
  expect(outcomeOf(second)).toBe('second factor');
  signet.clock.advance(30);
  const code = codeOf(secret, signet.clock.now);
  return agent.post(`${signet.issuer}/sign-in/second-factor`, { attempt: field(second, 'attempt'), code });
}

describe('the password', () => {
  const form = () => ({ password: person.password, new_password: wanted, new_password_repeat: wanted });

  test('is changed with the one there is; every other session ends, this one goes on', async () => {
    const { agent: phone, tokens } = await codeFlow(signet, webClient, { user: person });
    const laptop = await signIn(signet, person);
    expect(goes(await post(laptop, '/password', form()))).toBe('/account?notice=password_changed');
    expect([await isSignedIn(laptop), await isSignedIn(phone)]).toEqual([true, false]);
    expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(400);
    expect(await isSignedIn(await signIn(signet, { ...person, password: wanted }))).toBe(true);
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['a wrong current one', { password: 'not it, not at all' }, 403, 'current password is wrong'],
    ['two that differ', { new_password_repeat: 'something else altogether' }, 422, 'The two passwords differ'],
    ['one that is short', { new_password: 'short', new_password_repeat: 'short' }, 422, 'at least 15 characters'],
    [
      'one that is guessed first',
      { new_password: 'password12345678', new_password_repeat: 'password12345678' },
      422,
      'harder to guess',
    ],
    [
      'the one there is',
      { new_password: 'the one she has had so far', new_password_repeat: 'the one she has had so far' },
      422,
      'other than the one you have',
    ],
  ])('%s: said on the page, and nothing changes', async (_what, change, status, text) => {
    const laptop = await signIn(signet, person);
    const answer = await post(laptop, '/password', { ...form(), ...change });
    expect([answer.status, answer.body.includes(text)]).toEqual([status, true]);
    expect(await isSignedIn(await signIn(signet, person))).toBe(true);
  });

  test('the guesses of whoever is signed in are counted', async () => {
    const laptop = await signIn(signet, person);
    const statuses: number[] = [];
    for (let guess = 0; guess < 7; guess += 1)
      statuses.push((await post(laptop, '/password', { ...form(), password: `guess number ${guess}` })).status);
    expect(statuses).toEqual([403, 403, 403, 403, 403, 429, 429]);
  });

  test('five minutes after the sign-in the page asks who it is, and then is there; a POST changes nothing before', async () => {
    const laptop = await signIn(signet, person);
    signet.clock.advance(fresh);
    const refused = await post(laptop, '/password', form());
    expect(goes(refused)).toMatch(/^\/sign-in\?attempt=/);
    expect(goes(await prove(laptop, refused))).toBe('/account/password');
    expect(goes(await post(laptop, '/password', form()))).toBe('/account?notice=password_changed');
  });

  test('nobody, and a form of somebody else', async () => {
    expect(goes(await at(createAgent(), '/password'))).toBe('/sign-in');
    const laptop = await signIn(signet, person);
    const foreign = await csrfOf(await signIn(signet, bob));
    for (const csrf of ['', foreign]) expect((await post(laptop, '/password', { ...form(), csrf })).status).toBe(403);
    expect(await isSignedIn(await signIn(signet, person))).toBe(true);
  });
});

describe('an authenticator application', () => {
  test('is added: the secret is shown until its first code, which gives recovery codes, and another cookie', async () => {
    const laptop = await signIn(signet, person);
    const before = laptop.cookies.get(cookieName(signet, 'session'))!;
    const { secret, confirmed } = await add(laptop);
    expect([confirmed.status, codesOn(confirmed).length]).toEqual([200, 10]);
    expect([...laptop.cookies.values()]).not.toContain(before);
    const list = await at(laptop, '/two-step');
    expect(list.body).toContain('Phone');
    expect(list.body).toContain('10 of 10');

    const elsewhere = createAgent();
    const page = await elsewhere.get(`${signet.issuer}/sign-in`);
    const second = await elsewhere.follow(await submitPassword(elsewhere, page, person), signet.issuer);
    expect(outcomeOf(second)).toBe('second factor');
    signet.clock.advance(30);
    const code = codeOf(secret, signet.clock.now);
    const done = await elsewhere.post(`${signet.issuer}/sign-in/second-factor`, {
      attempt: field(second, 'attempt'),
      code,
    });
    expect([done.status, await isSignedIn(elsewhere)]).toEqual([303, true]);
  });

  test('shown again when the page is loaded again, begun anew in another tab, gone after ten minutes', async () => {
    const laptop = await signIn(signet, person);
    const begin = async () => laptop.get((await post(laptop, '/two-step/add')).location!);
    const one = await begin();
    expect(secretOn(await at(laptop, '/two-step/confirm'))).toBe(secretOn(one));
    const other = await begin();
    const late = { factor_id: field(one, 'factor_id'), code: codeOf(secretOn(one), signet.clock.now) };
    expect(goes(await post(laptop, '/two-step/confirm', late))).toBe('/account/two-step/add');
    signet.clock.advance(600);
    const again = await prove(laptop, await at(laptop, '/two-step/confirm'));
    expect(goes(again)).toBe('/account/two-step/add');
    const form = { factor_id: field(other, 'factor_id'), code: codeOf(secretOn(other), signet.clock.now) };
    expect(goes(await post(laptop, '/two-step/confirm', form))).toBe('/account/two-step/add');
    expect(await factorsOf()).toEqual([]);
  });

  test('a wrong code: said on the same page, with the same secret; nothing is added', async () => {
    const laptop = await signIn(signet, person);
    const page = await laptop.get((await post(laptop, '/two-step/add')).location!);
    const answer = await post(laptop, '/two-step/confirm', { factor_id: field(page, 'factor_id'), code: '000000' });
    expect([answer.status, answer.body.includes('The code is wrong')]).toEqual([403, true]);
    expect(secretOn(answer)).toBe(secretOn(page));
    expect(await factorsOf()).toEqual([]);
  });

  test('the other sessions go on unless their end is asked for', async () => {
    const phone = await signIn(signet, person);
    const laptop = await signIn(signet, person);
    await add(laptop);
    expect(await isSignedIn(phone)).toBe(true);
    signet.clock.advance(30);
    const page = await laptop.get((await post(laptop, '/two-step/add', { name: 'Tablet' })).location!);
    const form = { factor_id: field(page, 'factor_id'), code: codeOf(secretOn(page), signet.clock.now) };
    const added = await post(laptop, '/two-step/confirm', { ...form, end_others: '1' });
    expect(goes(added)).toBe('/account/two-step?notice=factor_added');
    expect([await isSignedIn(laptop), await isSignedIn(phone)]).toEqual([true, false]);
  });

  test('whoever is signed in with a password alone proves the factor before changing anything', async () => {
    const phone = await signIn(signet, person);
    const laptop = await signIn(signet, person);
    const { secret } = await add(laptop);
    for (const path of ['/password', '/two-step/add', '/two-step/recovery-codes', '/sessions/end-others'])
      expect(goes(await at(phone, path)), path).toMatch(/^\/sign-in\?attempt=/);
    for (const path of [
      '/two-step/add',
      '/two-step/confirm',
      '/two-step/recovery-codes',
      '/two-step/remove',
      '/password',
    ])
      expect(goes(await post(phone, path)), path).toMatch(/^\/sign-in\?attempt=/);
    expect(goes(await prove(phone, await at(phone, '/two-step/recovery-codes'), secret))).toBe(
      '/account/two-step/recovery-codes',
    );
    expect(codesOn(await post(phone, '/two-step/recovery-codes')).length).toBe(10);
  });

  test('five minutes after the sign-in nothing is begun, confirmed or removed before another', async () => {
    const laptop = await signIn(signet, person);
    const { secret } = await add(laptop);
    const remove = /href="[^"]*(\/two-step\/remove\?factor_id=[^"]+)"/.exec((await at(laptop, '/two-step')).body)![1]!;
    const factor_id = remove.split('=')[1]!;
    signet.clock.advance(fresh);
    for (const path of ['/two-step/add', '/two-step/confirm', '/two-step/recovery-codes'])
      expect(goes(await post(laptop, path)), path).toMatch(/^\/sign-in\?attempt=/);
    expect(goes(await post(laptop, '/two-step/remove', { factor_id }))).toMatch(/^\/sign-in\?attempt=/);
    expect((await factorsOf()).length).toBe(11);
    expect(goes(await prove(laptop, await at(laptop, remove), secret))).toBe(`/account${remove}`);
    const asked = await at(laptop, remove);
    expect(asked.body).toContain('It is your only one');
    expect((await factorsOf()).length, 'a GET removes nothing').toBe(11);
    expect(goes(await post(laptop, '/two-step/remove', { factor_id }))).toBe('/account/two-step?notice=factor_removed');
    expect(await factorsOf()).toEqual([]);
    expect(await isSignedIn(await signIn(signet, person))).toBe(true);
  });

  test("somebody else's factor cannot be named, removed or counted", async () => {
    const laptop = await signIn(signet, person);
    await add(laptop);
    const [{ id }] = (await query<{ id: string }>(
      signet.database.url,
      `SELECT c.id FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = '${person.username}' AND c.kind = 'totp'`,
    )) as [{ id: string }];
    const bobs = await signIn(signet, bob);
    expect(goes(await at(bobs, `/two-step/remove?factor_id=${id}`))).toBe('/account/two-step');
    expect((await post(bobs, '/two-step/remove', { factor_id: id })).status).toBe(404);
    expect((await post(bobs, '/two-step/recovery-codes')).status).toBe(409);
    expect((await factorsOf()).length).toBe(11);
  });

  test('twice at once: one is added', async () => {
    const laptop = await signIn(signet, person);
    const page = await laptop.get((await post(laptop, '/two-step/add')).location!);
    const form = {
      csrf: await csrfOf(laptop),
      factor_id: field(page, 'factor_id'),
      code: codeOf(secretOn(page), signet.clock.now),
    };
    const cookie = [...laptop.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const both = await Promise.all(
      [1, 2, 3].map(() => createAgent().post(`${signet.issuer}/account/two-step/confirm`, form, { cookie })),
    );
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await factorsOf()).filter(({ kind }) => kind === 'totp')).toHaveLength(1);
  });

  test('where second factors are switched off nobody is offered one, nor adds one', async () => {
    await signet.provision({ settings: { mfa: 'off' } });
    try {
      const laptop = await signIn(signet, person);
      const page = await at(laptop, '/two-step');
      expect([page.body.includes('id="factor-add"'), page.body.includes('Nobody can add')]).toEqual([false, true]);
      expect(goes(await at(laptop, '/two-step/add'))).toBe('/account/two-step');
      expect((await post(laptop, '/two-step/add')).status).toBe(403);
    } finally {
      await signet.provision({ settings: { mfa: 'optional' } });
    }
  });

  test('nobody, and a form of somebody else', async () => {
    const laptop = await signIn(signet, person);
    const foreign = await csrfOf(await signIn(signet, bob));
    for (const path of ['/two-step/add', '/two-step/confirm', '/two-step/remove', '/two-step/recovery-codes']) {
      expect((await post(laptop, path, { csrf: foreign })).status, path).toBe(403);
      expect(goes(await createAgent().post(`${signet.issuer}/account${path}`, { csrf: foreign })), path).toBe(
        '/sign-in',
      );
    }
    expect(goes(await at(createAgent(), '/two-step'))).toBe('/sign-in');
  });
});

test('M66 no form of a person says what is not theirs to say', async () => {
  const agent = await signIn(signet, person);
  const state = () =>
    query(
      signet.database.url,
      `SELECT username, roles, groups, email, email_verified, claims, kind FROM users WHERE username = '${person.username}'`,
    );
  const before = await state();
  const more = {
    email: 'evil@example.com',
    email_verified: 'true',
    phone_number_verified: 'true',
    roles: 'admin',
    'roles[]': 'admin',
    admin_roles: 'owner',
    mfa: 'off',
    acr: 'urn:signet:acr:2fa',
    user_id: 'somebody',
    password_hash: 'x',
    kind: 'service',
  };
  const guest = createAgent();
  const { form, confirmed } = await add(agent);
  expect(confirmed.status).toBe(200);
  const statuses = [
    await post(agent, '/password', {
      password: person.password,
      new_password: wanted,
      new_password_repeat: wanted,
      ...more,
    }),
    await post(agent, '/two-step/add', { name: 'Another', ...more }),
    await post(agent, '/two-step/confirm', { ...form, ...more }),
    await post(agent, '/two-step/remove', { factor_id: form.factor_id, ...more }),
    await post(agent, '/sessions/end', { session_id: 'x', ...more }),
    await guest.post(`${signet.issuer}/sign-in`, {
      attempt: field(await guest.get(`${signet.issuer}/sign-in`), 'attempt'),
      ...more,
      username: person.username,
      password: person.password,
    }),
  ].map(({ status }) => status);
  expect(
    statuses.every((status) => status < 500),
    statuses.join(' '),
  ).toBe(true);
  expect(await state()).toEqual(before);
});

test('M63 an address signs in whoever has it now, on the page as well', async () => {
  const password = 'the one he has had so far';
  const user = { username: `moved-${people}`, email: `first-${people}@example.com`, password };
  const outcome = async (username: string) => {
    const agent = createAgent();
    return (await submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), { username, password })).status;
  };
  await signet.provision({ users: [user] });
  expect(await outcome(user.email)).toBe(303);
  await signet.provision({ users: [{ ...user, email: `second-${people}@example.com` }] });
  expect([await outcome(user.email), await outcome(`second-${people}@example.com`)]).toEqual([403, 303]);
});

test('who has the password as well does not see the secret that its person is adding', async () => {
  const [agent, thief] = [await signIn(signet, person), await signIn(signet, person)];
  await post(agent, '/two-step/add', { name: 'Phone' });
  const seen = await at(thief, '/two-step/confirm');
  expect([seen.status, goes(seen)]).toEqual([303, '/account/two-step/add']);
  expect(secretOn(await at(agent, '/two-step/confirm'))).toMatch(/^[A-Z2-7]{32}$/);
});

test('the only factor stays where one is required; with another one it goes', async () => {
  const agent = await signIn(signet, person);
  const { form } = await add(agent);
  await signet.provision({ settings: { mfa: 'required' } });
  try {
    expect((await at(agent, '/two-step')).body).not.toContain('id="factor-remove-0"');
    await post(agent, '/two-step/remove', { factor_id: form.factor_id });
    expect((await factorsOf()).filter(({ kind }) => kind === 'totp')).toHaveLength(1);
    signet.clock.advance(30);
    expect((await add(agent, 'Tablet')).confirmed.status).toBe(303);
    await post(agent, '/two-step/remove', { factor_id: form.factor_id });
    expect((await factorsOf()).filter(({ kind }) => kind === 'totp')).toHaveLength(1);
    expect((await at(agent, '/two-step')).body).toContain('Tablet');
  } finally {
    await signet.provision({ settings: { mfa: 'optional' } });
  }
});

test('an administrator who signed in before two factors were demanded changes nothing before a second one, but may add it', async () => {
  const admin = { ...person, admin_roles: ['owner'] };
  await signet.provision({ users: [admin], settings: { administrator_mfa: 'as_everybody' } });
  const agent = await signIn(signet, person);
  await signet.provision({ settings: { administrator_mfa: 'required' } });
  const form = { password: person.password, new_password: wanted, new_password_repeat: wanted };
  const refused = await post(agent, '/password', form);
  expect([refused.status, goes(refused)]).toEqual([303, expect.stringContaining('/sign-in')]);
  expect((await add(agent)).confirmed.status).toBe(200);
  expect((await post(agent, '/password', form)).location).toContain('notice=');
});

test('names and ids that end in half a character are no failure of ours', async () => {
  const agent = await signIn(signet, person);
  const begun = await post(agent, '/two-step/add', { name: `${'x'.repeat(59)}😀😀` });
  expect(goes(begun)).toBe('/account/two-step/confirm');
  signet.clock.advance(fresh + 1);
  for (const [path, name] of [
    ['/two-step/remove', 'factor_id'],
    ['/sessions/end', 'session_id'],
    ['/applications/revoke', 'client_id'],
  ] as const) {
    const asked = await at(agent, `${path}?${name}=${'x'.repeat(35)}😀`);
    expect(asked.status, path).toBeLessThan(500);
    if (asked.location?.includes('/sign-in')) expect((await prove(agent, asked)).status, path).toBe(303);
    signet.clock.advance(fresh + 1);
  }
});

test('recovery codes that were just made are not made again by loading their page again', async () => {
  const agent = await signIn(signet, person);
  await add(agent);
  const question = await at(agent, '/two-step/recovery-codes');
  const form = { csrf: field(question, 'csrf'), instead_of: field(question, 'instead_of') };
  const make = () => agent.post(`${signet.issuer}/account/two-step/recovery-codes`, form);
  const made = await make();
  expect([made.status, codesOn(made).length]).toEqual([200, 10]);
  const codes = () =>
    query(
      signet.database.url,
      `SELECT c.id FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.username = $1 AND c.kind = 'recovery_code' ORDER BY c.id`,
      [person.username],
    );
  const before = await codes();
  expect(goes(await make())).toBe('/account/two-step?notice=codes_made');
  expect(await codes()).toEqual(before);
  const again = await at(agent, '/two-step/recovery-codes');
  expect(field(again, 'instead_of')).not.toBe(form.instead_of);
});
