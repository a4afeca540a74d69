// A forgotten password: a link by mail to another one, for the person alone, once, and never around the second factor.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn, postJson, refreshAt } from '../support/first-party.ts';
import { submitPassword, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { codeOf, enrol, verifyAt } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { linkIn, mailBy, mailTo, readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { outcomeOf, pageError, signIn } from '../support/visits.ts';

const wanted = 'an entirely different pass phrase';

let smtp: TestSmtp;
let signet: TestSignet;
let person: { username: string; password: string; email: string };
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port) } });
});
afterAll(async () => {
  await signet.stop();
  await smtp.close();
});
beforeEach(async () => {
  people += 1;
  const username = `person-${people}`;
  person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  await signet.provision({ users: [person] });
});

const forget = (email = person.email, headers: Record<string, string> = {}) =>
  createAgent().post(`${signet.issuer}/forgot-password`, { email }, headers);
const askApi = (body: object) => postJson(`${signet.issuer}/auth/password/forgot`, body);
/** Asks, and gives the link that came. */
const link = async (howMany = 1) => {
  expect((await forget()).status).toBe(200);
  return linkIn(await mailTo(smtp, person.email, howMany));
};
const tokenOf = (address: string) => new URL(address).searchParams.get('token')!;
const choose = (token: string, password = wanted, repeat = password) =>
  createAgent().post(`${signet.issuer}/reset-password`, {
    token,
    new_password: password,
    new_password_repeat: repeat,
  });
const mails = () => smtp.mails.filter(({ to }) => to.includes(person.email)).length;
const eventsOf = (type: string) =>
  query<{ data: object }>(
    signet.database.url,
    `SELECT data FROM audit_events WHERE type = $1 AND user_id = (SELECT id FROM users WHERE username = $2)`,
    [type, person.username],
  );

test('asked for on a page, mailed, chosen in another browser: every session and grant has ended, and the new one signs in', async () => {
  const here = await signIn(signet, person);
  const { body: tokens } = await logIn(signet, person, { scope: 'openid offline_access' });
  const page = await createAgent().get(`${signet.issuer}/sign-in`);
  expect(page.body).toContain('id="forgot-password" href="/forgot-password"');
  const answer = await forget();
  expect([answer.status, answer.body.includes(person.email)]).toEqual([200, true]);
  const mail = await mailTo(smtp, person.email);
  const { headers, text, subject } = await readMail(mail.raw);
  expect([headers.get('x-signet-purpose'), subject]).toEqual(['reset-password', 'Choose another password']);
  expect(text).toContain('30 minutes');
  const address = await linkIn(mail);
  expect(address.startsWith(`${signet.issuer}/reset-password?token=sgp_`)).toBe(true);
  // Programs that read mails follow links: nothing is spent by it, and nobody is signed in.
  for (let looks = 0; looks < 3; looks += 1) {
    const seen = await createAgent().get(address);
    expect([seen.status, seen.headers.getSetCookie()]).toEqual([200, []]);
    expect(seen.body).toContain('id="new-password"');
  }
  const done = await choose(tokenOf(address));
  expect([done.status, done.location]).toEqual([303, `${signet.issuer}/sign-in?notice=password_reset`]);
  expect((await here.get(`${signet.issuer}/account`)).status).toBe(303);
  expect((await refreshAt(signet, tokens.refresh_token)).status).toBe(401);
  expect((await logIn(signet, person)).status).toBe(401);
  expect((await logIn(signet, { ...person, password: wanted })).status).toBe(200);
  expect([(await eventsOf('user.password_reset_asked')).length, await eventsOf('user.password_reset')]).toEqual([
    1,
    [{ data: { sessions: 2, grants: 1 } }],
  ]);
  // The change is told as every other one is.
  const told = await readMail((await mailTo(smtp, person.email, 2)).raw);
  expect(told.subject).toBe('Your password was changed');
  const [user] = await query(signet.database.url, `SELECT email_verified FROM users WHERE username = $1`, [
    person.username,
  ]);
  expect(user, 'the mail has proven the address').toEqual({ email_verified: true });
});

test('at the API: 202, the same for an address that nobody has', async () => {
  const [known, unknown] = [await askApi({ email: person.email }), await askApi({ email: 'nobody@example.com' })];
  expect([known.status, known.body]).toEqual([202, { expires_in: 1800 }]);
  expect([unknown.status, unknown.text]).toEqual([known.status, known.text]);
  expect(await linkIn(await mailTo(smtp, person.email))).toContain('/reset-password?token=');
  expect(smtp.mails.some(({ to }) => to.includes('nobody@example.com'))).toBe(false);
});

describe('M58 the form is reached by the mailed link alone', () => {
  test.each([
    ['none', async () => ''],
    ['one that was made up', async () => `sgp_${'A'.repeat(43)}`],
    ['the hash that is stored', async () => 'x'.repeat(64)],
  ])('%s', async (_what, token) => {
    const address = `${signet.issuer}/reset-password?token=${await token()}`;
    const page = await createAgent().get(address);
    expect([page.status, pageError(page).code]).toEqual([410, 'reset_closed']);
    expect(page.body).toContain('href="/forgot-password"');
    expect((await choose(await token())).status).toBe(410);
  });

  test('once: of twenty at once one is the one, and every other link of the person is void', async () => {
    const first = tokenOf(await link());
    const second = tokenOf(await link(2));
    const answers = await Promise.all(Array.from({ length: 20 }, () => choose(second)));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(19);
    expect((await choose(first)).status).toBe(410);
    expect(await eventsOf('user.password_reset')).toHaveLength(1);
  });

  test.each([
    [
      'their own change',
      async () => {
        const { body } = await logIn(signet, person);
        const form = { current_password: person.password, new_password: 'made up by herself today' };
        const headers = { authorization: `Bearer ${body.access_token}` };
        expect((await postJson(`${signet.issuer}/auth/password`, form, headers)).status).toBe(204);
      },
    ],
    [
      'an operator',
      () =>
        signet.provision({ users: [{ ...person, password: 'out of a file of the operator', password_reset: true }] }),
    ],
    [
      'being disabled and enabled',
      async () => {
        await signet.provision({ users: [{ ...person, disabled: true }] });
        await signet.provision({ users: [{ ...person, disabled: false }] });
      },
    ],
  ])('who has another password by then, by %s, has no link any more', async (_how, change) => {
    const token = tokenOf(await link());
    await change();
    expect((await choose(token)).status).toBe(410);
    expect(await eventsOf('user.password_reset')).toHaveLength(0);
  });

  test('thirty minutes, and not a second more', async () => {
    const token = tokenOf(await link());
    signet.clock.advance(30 * 60 - 1);
    expect((await createAgent().get(`${signet.issuer}/reset-password?token=${token}`)).status).toBe(200);
    signet.clock.advance(1);
    expect((await choose(token)).status).toBe(410);
    expect((await logIn(signet, person)).status).toBe(200);
  });

  test.each([
    ['disabled', () => signet.provision({ users: [{ ...person, disabled: true }] })],
    ['given another address', () => signet.provision({ users: [{ ...person, email: `moved-${people}@example.com` }] })],
  ])('M72 its person was %s meanwhile', async (_what, change) => {
    const token = tokenOf(await link());
    await change();
    expect((await choose(token)).status).toBe(410);
    expect(await eventsOf('user.password_reset')).toHaveLength(0);
  });

  test('disabled while the password is being hashed', async () => {
    const token = tokenOf(await link());
    const gate = gateStatements(signet);
    const held = gate.hold('before', /from "users".*for (?:no key )?update/is, 1);
    const answer = choose(token);
    await held.arrived;
    await query(signet.database.url, `UPDATE users SET disabled_at = now() WHERE username = $1`, [person.username]);
    held.open();
    expect((await answer).status).toBe(410);
    gate.open();
  });
});

test('M74 never around the second factor: it is asked for afterwards, and wrong codes before are not forgotten', async () => {
  const { secret } = await enrol(signet, person);
  const half = async (password: string) => (await logIn(signet, { ...person, password })).body.token;
  for (let guess = 0; guess < 5; guess += 1)
    await verifyAt(signet, { token: await half(person.password), code: '000000' });
  await choose(tokenOf(await link(2)));
  expect((await logIn(signet, { ...person, password: wanted })).body).toMatchObject({ mfa_required: true });
  const agent = createAgent();
  const page = await submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), {
    ...person,
    password: wanted,
  });
  expect(outcomeOf(await agent.follow(page, signet.issuer))).toBe('second factor');
  const right = await verifyAt(signet, { token: await half(wanted), code: codeOf(secret, signet.clock.now) });
  expect(right.status).toBe(429);
});

test('who was locked out by wrong passwords is let in with the new one', async () => {
  for (let guess = 0; guess < 7; guess += 1) await logIn(signet, { ...person, password: 'not the one she has' });
  expect((await logIn(signet, person)).status).toBe(429);
  await choose(tokenOf(await link()));
  expect((await logIn(signet, { ...person, password: wanted })).status).toBe(200);
});

test.each([
  ['too short', 'short', 'short', 'new-password'],
  ['made of the own name', 'person person person', 'person person person', 'new-password'],
  ['typed in two ways', wanted, `${wanted}?`, 'new-password-repeat'],
])('%s: said above the form, and the link is still good', async (_what, password, repeat, id) => {
  const token = tokenOf(await link());
  const refused = await choose(
    token,
    password.replaceAll('person', person.username),
    repeat.replaceAll('person', person.username),
  );
  expect(refused.status).toBe(422);
  expect(new RegExp(`<input[^>]*id="${id}"[^>]*>`).exec(refused.body)![0]).toContain('aria-invalid');
  expect((await choose(token)).status).toBe(303);
});

describe('who asks', () => {
  test('no address: said, and nothing is looked up', async () => {
    for (const email of [
      '',
      'no address',
      'a@b@c',
      `${person.email},evil@example.com`,
      `${person.email}\r\nBcc: evil@example.com`,
    ]) {
      expect((await forget(email)).status, email).toBe(422);
      expect((await askApi({ email })).body.code, email).toBe('invalid_input');
    }
  });

  test('M61 lists and names that stand twice reach nobody', async () => {
    for (const email of [[person.email, 'evil@example.com'], { to: person.email }])
      expect((await askApi({ email })).status).toBe(422);
    const twice = `email=${encodeURIComponent(person.email)}&email=evil%40example.com`;
    const form = await fetch(`${signet.issuer}/forgot-password`, {
      method: 'POST',
      body: twice,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBeLessThan(500);
    const brackets = await createAgent().post(`${signet.issuer}/forgot-password`, { 'email[]': person.email });
    expect(brackets.status).toBe(422);
    await signet.server.settled();
    expect(mails(), 'one mail at most, and to the one who is named').toBeLessThanOrEqual(1);
    expect(smtp.mails.some(({ to }) => to.includes('evil@example.com') || to.length > 1)).toBe(false);
  });

  test('M62 the link names the issuer, whatever the request says of hosts', async () => {
    await forget(person.email, {
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-forwarded-proto': 'https',
      'x-original-host': 'evil.example',
    });
    const { raw } = await mailTo(smtp, person.email);
    expect(await linkIn({ to: [], raw })).toMatch(new RegExp(`^${signet.issuer}/reset-password`));
    expect((await readMail(raw)).html).not.toContain('evil.example');
  });

  test('by a name in another spelling: to the address as it is stored', async () => {
    await forget(person.email.toUpperCase().replace('EXAMPLE.COM', 'Example.COM'));
    expect((await mailTo(smtp, person.email)).to).toEqual([person.email]);
  });

  test('who has no password yet gets a link to their first', async () => {
    const user = { username: `shut-${people}`, email: `shut-${people}@example.com` };
    await signet.provision({ users: [user] });
    expect((await forget(user.email)).status).toBe(200);
    expect((await choose(tokenOf(await linkIn(await mailTo(smtp, user.email))))).status).toBe(303);
    expect((await logIn(signet, { ...user, password: wanted })).status).toBe(200);
  });

  test('a username is no address; a disabled user gets none', async () => {
    expect((await forget(person.username)).status).toBe(422);
    await signet.provision({ users: [{ ...person, disabled: true }] });
    expect((await forget()).status).toBe(200);
    await signet.server.settled();
    expect([mails(), await eventsOf('user.password_reset_asked')]).toEqual([0, []]);
  });

  test('M76 three at once, then slower: counted alike whether somebody has the address', async () => {
    for (const email of [person.email, `nobody-${people}@example.com`]) {
      const statuses: number[] = [];
      for (let nth = 0; nth < 5; nth += 1) statuses.push((await forget(email)).status);
      expect(statuses, email).toEqual([200, 200, 200, 429, 429]);
      const api = await askApi({ email });
      expect([api.status, api.body.code, Number(api.headers.get('retry-after')) > 0]).toEqual([
        429,
        'too_many_attempts',
        true,
      ]);
    }
    expect(mails()).toBeLessThanOrEqual(3);
  });

  test('from another site: refused', async () => {
    expect((await forget(person.email, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });
});

test('where no mail can be sent there is neither link nor page', async () => {
  const silent = await startSignet({ provision: world });
  try {
    const page = await createAgent().get(`${silent.issuer}/sign-in`);
    expect(page.body).not.toContain('forgot-password');
    expect((await createAgent().get(`${silent.issuer}/forgot-password`)).status).toBe(404);
    expect((await createAgent().post(`${silent.issuer}/forgot-password`, { email: person.email })).status).toBe(404);
    expect((await postJson(`${silent.issuer}/auth/password/forgot`, { email: person.email })).status).toBe(404);
  } finally {
    await silent.stop();
  }
});
