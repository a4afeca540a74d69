// Another e-mail address: asked for by its person, confirmed at the new one by a button, once, and told to the one so far.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, type Answer, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { bob, submitPassword, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { codeOf, enrol } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { linkIn, mailBy, mailTo, readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { outcomeOf, pageError, signIn } from '../support/visits.ts';

let smtp: TestSmtp;
let signet: TestSignet;
let person: { username: string; password: string; email: string };
/** The address that she wants. */
let wanted: string;
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  signet = await startSignet({
    provision: { ...world, settings: { new_browser: 'silent' } },
    config: { mail: mailBy(smtp.port) },
  });
});
afterAll(async () => {
  await signet.stop();
  await smtp.close();
});
beforeEach(async () => {
  people += 1;
  const username = `person-${people}`;
  person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  wanted = `moved-${people}@example.org`;
  await signet.provision({ users: [person] });
});

const at = (path: string) => `${signet.issuer}${path}`;
const csrfOf = async (agent: Agent) => field(await agent.get(at('/account')), 'csrf');
const ask = async (agent: Agent, email = wanted, csrf?: string) =>
  agent.post(at('/account/email'), { email, csrf: csrf ?? (await csrfOf(agent)) });
const asked = () => at('/account?notice=email_change_asked');
/** The browser that asked last. */
let asker: Agent;
/** Asks, and gives the link that came. */
const link = async (agent?: Agent, email = wanted) => {
  asker = agent ?? (await signIn(signet, person));
  expect((await ask(asker, email)).location).toBe(asked());
  return linkIn(await mailTo(smtp, email));
};
const tokenOf = (address: string) => new URL(address).searchParams.get('token')!;
const confirm = (address: string, agent = asker) => agent.post(at('/change-email'), { token: tokenOf(address) });
const userOf = async (username = person.username) => {
  const text = 'SELECT id, username, email, email_verified FROM users WHERE username = $1';
  return (
    await query<{ id: string; email: string | null; email_verified: boolean }>(signet.database.url, text, [username])
  )[0]!;
};
const eventsOf = (type: string) =>
  query(
    signet.database.url,
    'SELECT 1 FROM audit_events WHERE type = $1 AND user_id = (SELECT id FROM users WHERE username = $2)',
    [type, person.username],
  );
const expectUnchanged = async (email = person.email) => {
  expect((await userOf()).email).toBe(email);
  expect(await eventsOf('user.email_changed')).toHaveLength(0);
};
/** Whether the sign-in page lets this one in. */
const signsIn = async (identifier: string) => {
  const agent = createAgent();
  const page = await submitPassword(agent, await agent.get(at('/sign-in')), { ...person, username: identifier });
  return page.location === at('/account');
};

test('asked for, told to the address so far, confirmed where its person is signed in: changed, verified, told again; sessions go on', async () => {
  const agent = await signIn(signet, person);
  expect((await agent.get(at('/account'))).body).toContain('id="email-change" href="/account/email"');
  expect((await agent.get(at('/account/email'))).body).toContain('id="email-submit"');
  const address = await link(agent);
  expect(address.startsWith(at('/change-email?token=sge_'))).toBe(true);
  const mail = await readMail((await mailTo(smtp, wanted)).raw);
  expect([mail.headers.get('x-signet-purpose'), mail.subject]).toEqual([
    'verify-email',
    'Confirm your new email address',
  ]);
  expect(mail.text).toContain(person.username);
  const first = await readMail((await mailTo(smtp, person.email)).raw);
  expect([first.headers.get('x-signet-purpose'), first.subject]).toEqual([
    'notice',
    'Another email address was asked for',
  ]);
  expect(first.text, 'the address so far is not told the new one').not.toContain(wanted);
  expect(first.text).toContain('change your password at once');

  const stranger = createAgent();
  for (let looks = 0; looks < 3; looks += 1) {
    const page = await agent.get(address);
    expect([page.status, page.body.includes(wanted), page.body.includes(person.username)]).toEqual([200, true, true]);
    await fetch(address, { method: 'HEAD' });
  }
  await expectUnchanged();
  for (const elsewhere of [stranger, await signIn(signet, bob)]) {
    const page = await elsewhere.get(address);
    const wayOn = elsewhere === stranger ? 'id="to-sign-in"' : 'id="sign-out"';
    expect([page.status, page.body.includes(wayOn), page.body.includes(wanted)]).toEqual([200, true, false]);
    const refused = await confirm(address, elsewhere);
    expect([refused.status, refused.body.includes(wayOn)]).toEqual([403, true]);
  }
  await expectUnchanged();
  // From another browser of hers.
  const done = await confirm(address, await signIn(signet, person));
  expect([done.status, stranger.cookies.has(cookieName(signet, 'session'))]).toEqual([200, false]);
  expect(await userOf()).toMatchObject({ username: person.username, email: wanted, email_verified: true });
  expect((await agent.get(at('/account'))).body).toContain(wanted);
  const second = await readMail((await mailTo(smtp, person.email, 2)).raw);
  expect(second.subject).toBe('Your email address was changed');
  expect([await signsIn(wanted), await signsIn(person.username), await signsIn(person.email)]).toEqual([
    true,
    true,
    false,
  ]);
  expect([(await eventsOf('user.email_change_asked')).length, (await eventsOf('user.email_changed')).length]).toEqual([
    1, 1,
  ]);
  const again = await confirm(address);
  expect([again.status, pageError(again).code]).toEqual([410, 'link_closed']);
});

test('of twenty answers at once one counts', async () => {
  const address = await link();
  const answers = await Promise.all(Array.from({ length: 20 }, () => confirm(address)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 410)).toHaveLength(19);
  expect(await eventsOf('user.email_changed')).toHaveLength(1);
});

test('once, also when the address is what it was by the time that the second answer gets its turn', async () => {
  const address = await link();
  const gate = gateStatements(signet);
  const held = gate.hold('before', /from "users".*for (?:no key )?update/is, 2);
  const answers = [confirm(address), confirm(address)];
  await held.arrived;
  held.pass();
  expect((await Promise.race(answers)).status).toBe(200);
  const text = 'UPDATE users SET email = $1, email_key = $1 WHERE username = $2';
  await query(signet.database.url, text, [person.email, person.username]);
  held.open();
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  gate.open();
  expect([statuses.toSorted((one, other) => one - other), (await userOf()).email]).toEqual([[200, 410], person.email]);
});

test('M76 an address that somebody else has: the same answer, nothing is mailed to it, and nothing changes', async () => {
  const agent = await signIn(signet, person);
  const answer = await ask(agent, 'Bob@Example.com');
  expect([answer.status, answer.location]).toEqual([303, asked()]);
  await mailTo(smtp, person.email);
  await signet.server.settled();
  expect(smtp.mails.some(({ to }) => /bob@/i.test(to.join()))).toBe(false);
  const links = `SELECT 1 FROM one_time_tokens WHERE kind = 'email_change' AND user_id = $1`;
  expect(await query(signet.database.url, links, [(await userOf()).id])).toHaveLength(0);
  await expectUnchanged();
});

describe('every other link of the person is void with the address that it was mailed to', () => {
  test('to another password, to verify it, to yet another address', async () => {
    const agent = await signIn(signet, person);
    await createAgent().post(at('/forgot-password'), { email: person.email });
    const reset = await linkIn(await mailTo(smtp, person.email));
    await agent.post(at('/account/email/verify'), { csrf: await csrfOf(agent) });
    const verify = await linkIn(await mailTo(smtp, person.email, 2));
    const other = await link(agent, `other-${people}@example.org`);
    expect((await confirm(await link(agent))).status).toBe(200);
    for (const address of [reset, verify, other]) {
      const page = await createAgent().get(address);
      expect([page.status, pageError(page).code], address).toEqual([410, expect.stringMatching(/_closed$/)]);
    }
    expect((await confirm(other)).status).toBe(410);
    expect((await userOf()).email).toBe(wanted);
  });
});

describe('the link changes nothing when meanwhile', () => {
  test.each<[string, () => unknown, string?]>([
    ['an hour has passed', () => signet.clock.advance(3600)],
    ['its person was disabled', () => signet.provision({ users: [{ ...person, disabled: true }] })],
    [
      'disabled and enabled',
      async () => {
        await signet.provision({ users: [{ ...person, disabled: true }] });
        await signet.provision({ users: [{ ...person, disabled: false }] });
      },
    ],
    [
      'the password was changed',
      () => signet.provision({ users: [{ ...person, password: 'out of a file today', password_reset: true }] }),
    ],
    [
      'somebody else got the address',
      () => signet.provision({ users: [{ username: `new-${people}`, email: wanted }] }),
    ],
  ])('M66 %s', async (_what, happen) => {
    const address = await link();
    await happen();
    const answer = await confirm(address);
    expect([answer.status, pageError(answer).code]).toEqual([410, 'link_closed']);
    await expectUnchanged();
  });

  test('M66 its person was given another address', async () => {
    const address = await link();
    const given = `given-${people}@example.net`;
    await signet.provision({ users: [{ ...person, email: given }] });
    expect((await confirm(address)).status).toBe(410);
    await expectUnchanged(given);
  });

  test.each([
    ['the password changed', 'UPDATE users SET password_version = password_version + 1 WHERE username = $1'],
    ['disabled', 'UPDATE users SET disabled_at = now() WHERE username = $1'],
    ['another address', `UPDATE users SET email = 'x' || email, email_key = 'x' || email_key WHERE username = $1`],
  ])('after the link was looked at: %s', async (_what, statement) => {
    const address = await link();
    const gate = gateStatements(signet);
    const held = gate.hold('before', /from "users".*for (?:no key )?update/is, 1);
    const answer = confirm(address);
    await held.arrived;
    await query(signet.database.url, statement, [person.username]);
    held.open();
    expect((await answer).status).toBe(410);
    gate.open();
    expect(await eventsOf('user.email_changed')).toHaveLength(0);
  });

  test('somebody else gets the address after it was looked for', async () => {
    const address = await link();
    const gate = gateStatements(signet);
    const held = gate.hold('before', /UPDATE one_time_tokens/i, 1);
    const answer = confirm(address);
    await held.arrived;
    await signet.provision({ users: [{ username: `quick-${people}`, email: wanted }] });
    held.open();
    expect((await answer).status).toBe(410);
    gate.open();
    await expectUnchanged();
  });

  test('two people at once with one address: one has it', async () => {
    const second = { username: `second-${people}`, password: person.password, email: `second-${people}@example.com` };
    await signet.provision({ users: [second] });
    const mine = await link();
    const other = await signIn(signet, second);
    expect((await ask(other)).location).toBe(asked());
    const theirs = await linkIn(await mailTo(smtp, wanted, 2));
    const statuses = (await Promise.all([confirm(mine), confirm(theirs, other)])).map(({ status }) => status);
    expect(statuses.toSorted((one, other) => one - other)).toEqual([200, 410]);
  });
});

describe('who asks', () => {
  const prove = async (agent: Agent, refused: Answer) => {
    expect(refused.location).toMatch(/\/sign-in\?attempt=/);
    return agent.follow(await submitPassword(agent, await agent.follow(refused, signet.issuer), person), signet.issuer);
  };

  test('five minutes after the sign-in it is asked who it is, and then the page is there; a POST sends nothing before', async () => {
    const agent = await signIn(signet, person);
    signet.clock.advance(5 * 60);
    expect((await agent.get(at('/account/email'))).location).toMatch(/\/sign-in\?attempt=/);
    const page = await prove(agent, await ask(agent));
    expect([page.url, await eventsOf('user.email_change_asked')]).toEqual([at('/account/email'), []]);
    await signet.server.settled();
    expect(smtp.mails.some(({ to }) => to.includes(wanted))).toBe(false);
    expect((await ask(agent)).location).toBe(asked());
  });

  test('who has a second factor proves it as well', async () => {
    const agent = await signIn(signet, person);
    const { secret } = await enrol(signet, person);
    const next = await prove(agent, await ask(agent));
    expect([outcomeOf(next), await eventsOf('user.email_change_asked')]).toEqual(['second factor', []]);
    const code = codeOf(secret, signet.clock.now);
    const done = await agent.post(at('/sign-in/second-factor'), { attempt: field(next, 'attempt'), code });
    expect(done.location).toBe(at('/account/email'));
    expect((await ask(agent)).location).toBe(asked());
  });

  test('nobody, and a form of somebody else', async () => {
    expect((await createAgent().get(at('/account/email'))).location).toBe(at('/sign-in'));
    expect((await ask(createAgent(), wanted, 'x')).location).toBe(at('/sign-in'));
    const agent = await signIn(signet, person);
    const foreign = await csrfOf(await signIn(signet, bob));
    for (const csrf of ['', foreign]) expect((await ask(agent, wanted, csrf)).status).toBe(403);
    const crossSite = await agent.post(
      at('/account/email'),
      { email: wanted, csrf: await csrfOf(agent) },
      { 'sec-fetch-site': 'cross-site' },
    );
    expect([crossSite.status, await eventsOf('user.email_change_asked')]).toEqual([403, []]);
  });

  test('signed out while the mail is being counted: no link', async () => {
    const agent = await signIn(signet, person);
    const csrf = await csrfOf(agent);
    const gate = gateStatements(signet);
    const held = gate.hold('after', /limits/i, 1);
    const answer = ask(agent, wanted, csrf);
    await held.arrived;
    const text = `UPDATE sessions SET ended_at = now(), end_reason = 'password_changed' WHERE user_id = $1`;
    await query(signet.database.url, text, [(await userOf()).id]);
    held.open();
    expect((await answer).location).toBe(at('/sign-in'));
    gate.open();
    expect(await eventsOf('user.email_change_asked')).toHaveLength(0);
  });

  test('no address, and the one there is: said on the page, which shows it as text', async () => {
    const agent = await signIn(signet, person);
    const wrong = [
      '',
      'no address',
      'a@b@c',
      `${wanted},evil@example.com`,
      `${wanted}\r\nBcc: evil@example.com`,
      '"><script>alert(1)</script>@example.com',
      `m\u200b${wanted}`,
    ];
    for (const email of wrong) {
      const answer = await ask(agent, email);
      expect([answer.status, answer.body.includes('Enter an email address.')], email).toEqual([422, true]);
      expect(answer.body).not.toContain('<script>alert');
    }
    const same = await ask(agent, person.email.toUpperCase());
    expect([same.status, same.body.includes('your email address already')]).toEqual([422, true]);
    expect(await eventsOf('user.email_change_asked')).toHaveLength(0);
  });

  test('three mails to an address at once, then later; counted alike for one that somebody has', async () => {
    for (const [index, email] of [wanted, `taken-${people}@example.com`].entries()) {
      if (index === 1) await signet.provision({ users: [{ username: `taken-${people}`, email }] });
      const agent = await signIn(signet, person);
      const statuses: number[] = [];
      for (let nth = 0; nth < 4; nth += 1) statuses.push((await ask(agent, email)).status);
      expect(statuses, email).toEqual([303, 303, 303, 429]);
      expect((await ask(agent, email)).headers.get('retry-after')).toMatch(/^\d+$/);
    }
  });
});

test('who has no address adds one', async () => {
  const bare = { username: `bare-${people}`, password: person.password };
  await signet.provision({ users: [bare] });
  const agent = await signIn(signet, bare);
  expect((await agent.get(at('/account'))).body).toContain('Add an email address');
  expect((await confirm(await link(agent))).status).toBe(200);
  expect(await userOf(bare.username)).toMatchObject({ email: wanted, email_verified: true });
});

test('a username that is the address goes with it: whoever gets the old address owns that name', async () => {
  const named = { username: person.email, password: person.password, email: person.email };
  await signet.provision({ users: [{ ...person, email: `not-${person.email}` }, named] });
  const agent = await signIn(signet, named);
  expect((await agent.get(at('/account/email'))).body).toContain('id="username-too"');
  const address = await link(agent);
  expect((await agent.get(address)).body).toContain('id="username-too"');
  const { id } = await userOf(named.username);
  expect((await confirm(address)).status).toBe(200);
  expect(await userOf(wanted)).toMatchObject({ id, email: wanted });
  expect([await signsIn(wanted), await signsIn(person.email)]).toEqual([true, false]);
});

test.each<[string, (address: string) => unknown]>([
  ['by its person', async (address) => expect((await confirm(address)).status).toBe(200)],
  ['out of a file', () => signet.provision({ users: [{ ...person, email: wanted }] })],
])('M66 whoever is half signed in when the address is changed %s comes no further', async (_how, change) => {
  const { secret } = await enrol(signet, person);
  /** The page that asks for the code. */
  const begin = async (agent: Agent) =>
    agent.follow(await submitPassword(agent, await agent.get(at('/sign-in')), person), signet.issuer);
  const prove = (agent: Agent, page: Answer) => {
    signet.clock.advance(30);
    const code = codeOf(secret, signet.clock.now);
    return agent.post(at('/sign-in/second-factor'), { attempt: field(page, 'attempt'), code });
  };
  const owner = createAgent();
  expect((await prove(owner, await begin(owner))).location).toBe(at('/account'));
  const address = await link(owner);
  const half = createAgent();
  const next = await begin(half);
  expect(outcomeOf(next)).toBe('second factor');
  await change(address);
  const done = await prove(half, next);
  expect([done.status, (await half.get(at('/account'))).status]).toEqual([303, 303]);
  expect(done.location).toMatch(/\/sign-in\?attempt=/);
});

test('a file that says nothing of the address does not put back the one that it was while the file was read', async () => {
  const gate = gateStatements(signet);
  const held = gate.hold('before', /update "users" set/i, 1);
  const applied = signet.provision({ users: [{ username: person.username, given_name: 'Ann' }] });
  await held.arrived;
  const change = `SET lock_timeout = '200ms'; UPDATE users SET email = 'new@example.com' WHERE username = '${person.username}'`;
  await expect(query(signet.database.url, change)).rejects.toThrow('lock timeout');
  held.open();
  await applied;
  gate.open();
});

test('where no mail can be sent there is neither link nor page', async () => {
  const silent = await startSignet({ provision: world });
  try {
    const agent = await signIn(silent);
    const page = await agent.get(`${silent.issuer}/account`);
    expect(page.body).not.toContain('email-change');
    expect((await agent.get(`${silent.issuer}/account/email`)).status).toBe(404);
    const form = { csrf: field(page, 'csrf'), email: wanted };
    expect((await agent.post(`${silent.issuer}/account/email`, form)).status).toBe(404);
  } finally {
    await silent.stop();
  }
});
