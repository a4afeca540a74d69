// Second factors whose codes are sent, in a browser: added on the account page, asked for when somebody signs in.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { submitPassword, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy, smsCodeTo, type SmsReceiver, startSmsReceiver } from '../support/sms.ts';
import { codeIn, mailBy, mailTo, readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';
import { outcomeOf, pageError, signIn } from '../support/visits.ts';

let smtp: TestSmtp;
let receiver: SmsReceiver;
let signet: TestSignet;
let person: { username: string; password: string; email: string };
let phone: string;
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  receiver = await startSmsReceiver();
  signet = await startSignet({ provision: world, config: { mail: mailBy(smtp.port), ...smsBy(receiver) } });
});
afterAll(async () => {
  await signet.stop();
  await smtp.close();
  await receiver.close();
});
beforeEach(async () => {
  people += 1;
  const username = `person-${people}`;
  person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  phone = `+4915113${String(100_000 + people)}`;
  await signet.provision({
    users: [{ ...person, email_verified: true }],
    settings: { mfa: 'optional', sms_factor: 'on', email_factor: 'on' },
  });
  await query(signet.database.url, 'DELETE FROM limits');
});

const at = (path: string) => `${signet.issuer}${path}`;
const twoStep = '/account/two-step';
const add = async (agent: Agent, kind: 'phone' | 'email', given: Record<string, string> = {}) => {
  const csrf = field(await agent.get(at(`${twoStep}/${kind}`)), 'csrf');
  return agent.post(at(`${twoStep}/${kind}`), { csrf, ...given });
};
const confirm = async (agent: Agent, kind: 'phone' | 'email', code: string) => {
  const page = await agent.get(at(`${twoStep}/${kind}/confirm`));
  const form = { csrf: field(page, 'csrf'), factor_id: field(page, 'factor_id'), code };
  return agent.post(at(`${twoStep}/${kind}/confirm`), form);
};
/** Adds the number, and gives the browser in which it was done. */
const withPhone = async () => {
  const agent = await signIn(signet, person);
  await add(agent, 'phone', { phone });
  await confirm(agent, 'phone', await smsCodeTo(receiver, phone));
  return agent;
};
const half = async (agent: Agent) => submitPassword(agent, await agent.get(at('/sign-in')), person);
const wrong = (right: string) => (right === '123456' ? '654321' : '123456');

test('a number is added: typed, confirmed, told by mail, in the list; and its code completes the next sign-in', async () => {
  const agent = await signIn(signet, person);
  expect((await agent.get(at(twoStep))).body).toContain('id="phone-add" href="/account/two-step/phone"');
  const form = await agent.get(at(`${twoStep}/phone`));
  expect(form.body).toMatch(/id="phone"[^>]*type="tel"[^>]*autocomplete="tel"/);
  const refused = await add(agent, 'phone', { phone: '12345' });
  expect([refused.status, refused.body.includes('value="12345"'), refused.body.includes('id="phone-error"')]).toEqual([
    422,
    true,
    true,
  ]);
  const begun = await add(agent, 'phone', { phone: `${phone.slice(0, 3)} ${phone.slice(3)}` });
  expect([begun.status, begun.location]).toEqual([303, at(`${twoStep}/phone/confirm`)]);
  const code = await smsCodeTo(receiver, phone);
  const bad = await confirm(agent, 'phone', wrong(code));
  expect([bad.status, bad.body.includes('id="mfa-error"'), bad.body.includes(phone)]).toEqual([403, true, true]);
  const cookie = agent.cookies.get(cookieName(signet, 'session'));
  const done = await confirm(agent, 'phone', code);
  expect([done.status, done.body.match(/class="[^"]*code/g) === null]).toEqual([200, false]);
  expect(agent.cookies.get(cookieName(signet, 'session'))).not.toBe(cookie);
  const told = await readMail((await mailTo(smtp, person.email, 1, 'notice')).raw);
  expect(told.subject).toBe('A phone number was added');
  const list = await agent.get(at(twoStep));
  expect([list.body.includes(phone), list.body.includes('id="phone-add"')]).toEqual([true, false]);

  const other = createAgent();
  const asked = await other.follow(await half(other), signet.issuer);
  expect([outcomeOf(asked).startsWith('200'), asked.body.includes('id="mfa-send"')]).toEqual([true, true]);
  expect(asked.body).toContain(`ends in ${phone.slice(-2)}`);
  expect(asked.body).not.toContain(phone);
  const attempt = field(asked, 'attempt');
  const sent = await other.post(at('/sign-in/second-factor/send'), { attempt, method: 'sms' });
  const page = await other.get(sent.location!);
  expect(page.body).toMatch(/id="mfa-code"[^>]*autocomplete="one-time-code"/);
  const second = await smsCodeTo(receiver, phone, 2);
  const type = (typed: string) => other.post(at('/sign-in/second-factor'), { attempt, method: 'sms', code: typed });
  const shown = await type(wrong(second));
  expect([shown.status, shown.body.includes('id="mfa-error"'), shown.body.includes('id="mfa-send"')]).toEqual([
    403,
    true,
    true,
  ]);
  expect((await type(second)).location).toBe(at('/account'));
  // Once: what comes again finds no sign-in that waits for it.
  expect((await type(second)).location).toContain('/sign-in?attempt=');
});

test('another code for a number that is added: too soon it is said beside the field, later it is sent to the same number', async () => {
  const agent = await signIn(signet, person);
  await add(agent, 'phone', { phone });
  const first = await smsCodeTo(receiver, phone);
  const page = await agent.get(at(`${twoStep}/phone/confirm`));
  const again = () => add(agent, 'phone', { phone: field(page, 'phone'), again: '1' });
  const soon = await again();
  expect([soon.status, soon.body.includes('id="mfa-error"'), soon.body.includes('id="mfa-code"')]).toEqual([
    429,
    true,
    true,
  ]);
  expect((await agent.get(at(`${twoStep}/phone`))).body).toContain(`href="${twoStep}/phone/confirm"`);
  signet.clock.advance(30);
  expect((await again()).location).toBe(at(`${twoStep}/phone/confirm`));
  const second = await smsCodeTo(receiver, phone, 2);
  if (first !== second) expect((await confirm(agent, 'phone', first)).status).toBe(403);
  expect((await confirm(agent, 'phone', second)).status).toBe(200);
});

test('M58 nothing is sent, and nothing is taken, before the password, in another browser, or from another site', async () => {
  await withPhone();
  const before = receiver.posted.length;
  const agent = createAgent();
  const attempt = field(await agent.get(at('/sign-in')), 'attempt');
  const send = (by: Agent, of: string, headers = {}) =>
    by.post(at('/sign-in/second-factor/send'), { attempt: of, method: 'sms' }, headers);
  expect((await send(agent, attempt)).location).toContain('/sign-in');
  const page = await agent.follow(await half(agent), signet.issuer);
  const mine = field(page, 'attempt');
  expect(pageError(await send(createAgent(), mine)).code).toBe('attempt_unknown');
  const visitor = createAgent();
  await visitor.get(at('/sign-in'));
  expect(pageError(await send(visitor, mine)).code).toBe('attempt_unknown');
  expect(pageError(await send(agent, mine, { 'sec-fetch-site': 'cross-site' })).code).toBe('cross_site');
  const unknown = await agent.post(at('/sign-in/second-factor/send'), { attempt: mine, method: 'totp' });
  expect(pageError(unknown).code).toBe('conflict');
  expect(receiver.posted.length).toBe(before);
  await send(agent, mine);
  const soon = await send(agent, mine);
  expect([
    soon.status,
    soon.headers.get('retry-after'),
    soon.body.includes('Another code can be sent in 30 seconds'),
  ]).toEqual([429, '30', true]);
  const code = await smsCodeTo(receiver, phone, 2);
  const elsewhere = createAgent();
  const theirs = field(await elsewhere.follow(await half(elsewhere), signet.issuer), 'attempt');
  const crossed = await elsewhere.post(at('/sign-in/second-factor'), { attempt: theirs, method: 'sms', code });
  expect(crossed.status).toBe(403);
});

test('codes by mail: switched on with the first code, sent when the password was right, switched off again', async () => {
  const agent = await signIn(signet, person);
  const page = await agent.get(at(`${twoStep}/email`));
  expect(page.body).toContain(person.email);
  await add(agent, 'email');
  const first = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
  expect((await confirm(agent, 'email', first)).status).toBe(200);
  const other = createAgent();
  const asked = await other.follow(await half(other), signet.issuer);
  expect(asked.body).toContain('p…@example.com');
  const attempt = field(asked, 'attempt');
  await other.post(at('/sign-in/second-factor/send'), { attempt, method: 'email' });
  const code = await codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code'));
  const done = await other.post(at('/sign-in/second-factor'), { attempt, method: 'email', code });
  expect(done.location).toBe(at('/account'));
  const list = await agent.get(at(twoStep));
  const remove = /href="(\/account\/two-step\/remove[^"]+)"/.exec(list.body)![1]!.replaceAll('&amp;', '&');
  const question = await agent.get(at(remove));
  expect(question.body).toContain('Code by email');
  const form = { csrf: field(question, 'csrf'), factor_id: field(question, 'factor_id') };
  expect((await agent.post(at('/account/two-step/remove'), form)).location).toContain('notice=factor_removed');
  await expect.poll(() => smtp.mails.some(({ raw }) => raw.includes('Codes by email were switched off'))).toBe(true);
  await signIn(signet, person);
});

test('where codes are not sent there is no page for them, and an old sign-in proves itself first', async () => {
  const agent = await signIn(signet, person);
  await signet.provision({ settings: { sms_factor: 'off', email_factor: 'off' } });
  const list = await agent.get(at(twoStep));
  expect([list.body.includes('phone-add'), list.body.includes('email-factor-add')]).toEqual([false, false]);
  expect((await agent.get(at(`${twoStep}/phone`))).location).toBe(at(twoStep));
  await signet.provision({ settings: { sms_factor: 'on', email_factor: 'on' } });
  signet.clock.advance(301);
  expect((await agent.get(at(`${twoStep}/phone`))).location).toContain('/sign-in?attempt=');
  const other = await signIn(signet, person);
  const foreign = await other.post(at(`${twoStep}/phone`), { csrf: 'nonsense', phone });
  expect(pageError(foreign).code).toBe('csrf');
});

test('a factor that cannot be used now is shown as such, and who has no other is not let in', async () => {
  const agent = await withPhone();
  await signet.provision({ settings: { sms_factor: 'off' } });
  expect((await agent.get(at(twoStep))).body).toContain('It cannot be used now.');
  await query(signet.database.url, `DELETE FROM credentials WHERE kind = 'recovery_code'`);
  const stuck = await half(createAgent());
  expect([stuck.status, pageError(stuck).code]).toEqual([403, 'unmet_authentication_requirements']);
});

test('two people in one browser: the guesses of one leave those of the other, and a code that came back is forgotten', async () => {
  await withPhone();
  const other = { ...person, username: `other-${people}`, email: `other-${people}@example.com` };
  await signet.provision({ users: [other] });
  await query(
    signet.database.url,
    `INSERT INTO credentials (tenant_id, id, user_id, kind, secret, data, version, created_at, updated_at)
     SELECT tenant_id, gen_random_uuid(), id, 'sms', '', '{"phone":"+4915113999999"}'::jsonb, 1, now(), now()
     FROM users WHERE username = $1`,
    [other.username],
  );
  const agent = createAgent();
  const page = await agent.get(at('/sign-in'));
  const attempt = field(await agent.follow(await submitPassword(agent, page, person), signet.issuer), 'attempt');
  await agent.post(at('/sign-in/second-factor/send'), { attempt, method: 'sms' });
  const code = await smsCodeTo(receiver, phone, 2);
  const type = (typed: string) => agent.post(at('/sign-in/second-factor'), { attempt, method: 'sms', code: typed });
  await submitPassword(agent, page, other);
  for (let guess = 0; guess < 5; guess += 1) expect((await type(wrong(code))).status).toBe(403);
  await query(signet.database.url, `DELETE FROM limits WHERE key LIKE 'code %'`);
  await submitPassword(agent, page, person);
  const counted = () => query(signet.database.url, `SELECT key FROM limits WHERE key LIKE 'sms factor %'`);
  expect(await counted()).toHaveLength(1);
  expect((await type(code)).location).toBe(at('/account'));
  expect(await counted()).toHaveLength(0);
});

test('whoever signs in by mail is asked for the telephone, sent no other mail, and not let in without it', async () => {
  const agent = await withPhone();
  await add(agent, 'email');
  await confirm(agent, 'email', await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code')));
  const byMail = async (by: Agent, howMany: number) => {
    const attempt = field(await by.get(at('/sign-in')), 'attempt');
    await by.post(at('/sign-in/email'), { attempt, email: person.email, way: 'code' });
    const code = await codeIn(await mailTo(smtp, person.email, howMany, 'sign-in-code'));
    return by.post(at('/sign-in/email/code'), { attempt, email: person.email, code });
  };
  const other = createAgent();
  const page = await other.follow(await byMail(other, 2), signet.issuer);
  expect([page.body.includes(`ends in ${phone.slice(-2)}`), page.body.includes('method=email')]).toEqual([true, false]);
  const form = { attempt: field(page, 'attempt'), method: 'email' };
  expect(pageError(await other.post(at('/sign-in/second-factor/send'), form)).code).toBe('conflict');
  await query(signet.database.url, `DELETE FROM credentials WHERE kind IN ('sms', 'recovery_code')`);
  expect(pageError(await byMail(createAgent(), 3)).code).toBe('unmet_authentication_requirements');
});

test('a factor is added in the session that began it, by a form of its own', async () => {
  const agent = await signIn(signet, person);
  const other = await signIn(signet, person);
  await add(agent, 'phone', { phone });
  const code = await smsCodeTo(receiver, phone);
  expect((await other.get(at(`${twoStep}/phone/confirm`))).location).toBe(at(`${twoStep}/phone`));
  expect((await agent.get(at(`${twoStep}/email/confirm`))).location).toBe(at(`${twoStep}/email`));
  const foreign = await agent.post(at(`${twoStep}/phone/confirm`), { csrf: 'nonsense', code });
  expect(pageError(foreign).code).toBe('csrf');
  expect((await confirm(agent, 'phone', code)).status).toBe(200);
});
