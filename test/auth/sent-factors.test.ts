// Second factors whose codes are sent: added at /auth/mfa/sms and /auth/mfa/email, sent at /auth/mfa/challenge, proven once.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { logIn, postJson } from '../support/first-party.ts';
import { claimsOf, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { bearer, codeOf, enrol, verifyAt } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy, smsCodeTo, type SmsReceiver, startSmsReceiver } from '../support/sms.ts';
import { codeIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

let smtp: TestSmtp;
let receiver: SmsReceiver;
let signet: TestSignet;
let second: TestSignet;
let person: { username: string; password: string; email: string };
let phone: string;
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  receiver = await startSmsReceiver();
  const config = { mail: mailBy(smtp.port), ...smsBy(receiver) };
  signet = await startSignet({ provision: world, config });
  second = await startSignet({ beside: signet, config });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
  await smtp.close();
  await receiver.close();
});
beforeEach(async () => {
  // Budgets of an hour begin with it.
  signet.clock.now = (Math.floor(signet.clock.now / 3600_000) + 1) * 3600_000;
  people += 1;
  const username = `person-${people}`;
  person = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  phone = `+4915112${String(100_000 + people)}`;
  await signet.provision({ users: [{ ...person, email_verified: true }] });
  await query(signet.database.url, 'DELETE FROM limits');
  await settings({ mfa: 'optional', sms_factor: 'on', email_factor: 'off' });
});

const settings = (given: Record<string, string>) => signet.provision({ settings: given });
const at = (path: string, body?: object, token?: string, method = 'POST', issuer = signet.issuer) =>
  postJson(`${issuer}/auth/mfa${path}`, body, token === undefined ? {} : bearer(token), method);
const token = async () => (await logIn(signet, person)).body.access_token;
const wrong = (right: string) => (right === '123456' ? '654321' : '123456');
/** Adds the number as its person does, and gives the recovery codes. */
const addPhone = async () => {
  const access = await token();
  const { body } = await at('/sms', { phone }, access);
  const added = await at('/sms/confirm', { code: await smsCodeTo(receiver, phone), id: body.id }, access);
  expect(added.status).toBe(200);
  signet.clock.advance(30);
  return { access, id: body.id, codes: added.body.recovery_codes };
};
const addEmail = async () => {
  const access = await token();
  await at('/email', {}, access);
  const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
  const added = await at('/email/confirm', { code }, access);
  expect(added.status).toBe(200);
  signet.clock.advance(30);
  return added.body;
};
const challenge = (half: string, method?: string) => at('/challenge', { token: half, ...(method && { method }) });
const forgetAttempts = () => query(signet.database.url, 'DELETE FROM limits');
/** A factor that is there without anybody having added it: sessions stay as they were. */
const insertFactor = (kind: 'sms' | 'email', data: object) =>
  query(
    signet.database.url,
    `INSERT INTO credentials (tenant_id, id, user_id, kind, secret, data, version, created_at, updated_at)
     SELECT tenant_id, gen_random_uuid(), id, $2, '', $3::jsonb, 1, now(), now() FROM users WHERE username = $1`,
    [person.username, kind, JSON.stringify(data)],
  );
/** What text messages are counted under, and how often. */
const counted = async () => {
  const text = `SELECT split_part(key, ' ', 2) AS what, sum(attempts)::int AS attempts FROM limits WHERE key LIKE 'sms %' GROUP BY 1`;
  const rows = await query<{ what: string; attempts: number }>(signet.database.url, text);
  return Object.fromEntries(rows.map(({ what, attempts }) => [what, attempts]));
};

describe('a telephone number', () => {
  test('use case 7: added with its first code, asked for after the password, proven by the code that was sent', async () => {
    const access = await token();
    const begun = await at('/sms', { phone: `+49 (1511) 2${phone.slice(-6)}`, name: 'Telephone' }, access);
    expect([begun.status, begun.body]).toEqual([
      202,
      { id: expect.any(String) as string, method: 'sms', to: phone, expires_in: 600 },
    ]);
    const first = await smsCodeTo(receiver, phone);
    expect((await at('/sms/confirm', { code: wrong(first) }, access)).body.code).toBe('wrong_code');
    const added = await at('/sms/confirm', { code: first }, access);
    expect(added.body).toMatchObject({ id: begun.body.id, method: 'sms' });
    expect(added.body.recovery_codes).toHaveLength(10);
    const list = await at('', undefined, access, 'GET');
    expect(list.body).toMatchObject({ factors: [{ id: begun.body.id, method: 'sms', name: 'Telephone', phone }] });
    signet.clock.advance(30);

    const half = await logIn(signet, person);
    expect(half.body).toMatchObject({ mfa_required: true, mfa_methods: ['sms', 'recovery_code'] });
    const messages = receiver.posted.length;
    // Nothing is sent before it is asked for.
    expect((await challenge(half.body.token)).body).not.toHaveProperty('sent');
    const sent = await challenge(half.body.token, 'sms');
    expect([sent.status, sent.body]).toMatchObject([200, { sent: { method: 'sms', to: phone.slice(-2) } }]);
    const code = await smsCodeTo(receiver, phone, 2);
    expect(receiver.posted.length - messages).toBe(1);
    const whole = await verifyAt(signet, { token: half.body.token, code });
    expect([whole.status, whole.body]).toMatchObject([200, { mfa_verified: true }]);
    expect(claimsOf(whole.body.access_token)).toMatchObject({
      amr: ['pwd', 'sms', 'mfa'],
      acr: 'urn:signet:acr:2fa',
      mfa_method: 'sms',
    });
    const again = await logIn(signet, person);
    expect((await verifyAt(signet, { token: again.body.token, code })).body.code).toBe('wrong_code');
  });

  test('M24 one code twenty times at once, on two processes: one session', async () => {
    await addPhone();
    const half = (await logIn(signet, person)).body.token;
    await challenge(half, 'sms');
    const code = await smsCodeTo(receiver, phone, 2);
    await query(signet.database.url, 'DELETE FROM limits');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        verifyAt({ issuer: [signet, second][i % 2]!.server.url }, { token: half, code }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('a code is good for the sign-in that asked for it, until another is sent, for ten minutes and five guesses', async () => {
    const { id } = await addPhone();
    const [one, other] = [(await logIn(signet, person)).body.token, (await logIn(signet, person)).body.token];
    await challenge(one, 'sms');
    const first = await smsCodeTo(receiver, phone, 2);
    expect((await verifyAt(signet, { token: other, code: first })).body.code).toBe('wrong_code');
    const soon = await challenge(one, 'sms');
    expect([soon.status, soon.headers.get('retry-after')]).toEqual([429, '30']);
    signet.clock.advance(30);
    expect((await challenge(one, 'sms')).status).toBe(200);
    const newer = await smsCodeTo(receiver, phone, 3);
    if (newer !== first) expect((await verifyAt(signet, { token: one, code: first })).status).toBe(401);
    for (let guess = 0; guess < 5; guess += 1) {
      await query(signet.database.url, 'DELETE FROM limits');
      await verifyAt(signet, { token: one, code: wrong(newer), method: 'sms' });
    }
    await query(signet.database.url, 'DELETE FROM limits');
    expect((await verifyAt(signet, { token: one, code: newer })).body.code).toBe('wrong_code');
    const late = (await logIn(signet, person)).body.token;
    await challenge(late, 'sms');
    const sent = await smsCodeTo(receiver, phone, 4);
    signet.clock.advance(601);
    expect((await verifyAt(signet, { token: late, code: sent })).status).toBe(401);
    expect(id).toBeDefined();
  });

  test('step-up: sent for the session of an access token, which says so from then on', async () => {
    await addPhone();
    await query(signet.database.url, `DELETE FROM credentials WHERE kind = 'sms'`);
    const { body } = await logIn(signet, person);
    await insertFactor('sms', { phone });
    const sent = await at('/challenge', { method: 'sms' }, body.access_token);
    expect(sent.body).toMatchObject({ mfa_methods: ['sms', 'recovery_code'], sent: { to: phone.slice(-2) } });
    const code = await smsCodeTo(receiver, phone, 2);
    // Not for a sign-in that has not asked for it.
    const half = (await logIn(signet, person)).body.token;
    expect((await verifyAt(signet, { token: half, code })).body.code).toBe('wrong_code');
    const raised = await verifyAt(signet, { code }, bearer(body.access_token));
    expect(claimsOf(raised.body.access_token)).toMatchObject({ acr: 'urn:signet:acr:2fa', mfa_method: 'sms' });
  });

  test('what is no number, one too many, without a fresh sign-in, of a program: refused, and nothing is sent', async () => {
    const access = await token();
    const before = receiver.posted.length;
    for (const typed of [
      '0151 1234567',
      '+49',
      '+1 (555) CALL-NOW',
      '+4915112345678,+4915112345679',
      '+49151\n12345678x',
      '',
    ])
      expect((await at('/sms', { phone: typed }, access)).status, typed).toBe(422);
    expect((await at('/sms', {}, access)).status).toBe(422);
    signet.clock.advance(301);
    expect((await at('/sms', { phone }, access)).body.code).toBe('insufficient_user_authentication');
    expect((await at('/sms', { phone })).status).toBe(401);
    expect(receiver.posted.length).toBe(before);
    await addPhone();
    const { body } = await logIn(signet, person);
    await challenge(body.token, 'sms');
    const whole = await verifyAt(signet, { token: body.token, code: await smsCodeTo(receiver, phone, 2) });
    expect((await at('/sms', { phone: '+4915119999999' }, whole.body.access_token)).body.code).toBe('conflict');
  });

  test('another session cannot confirm what this one began, and whoever comes second adds nothing', async () => {
    const [one, other] = [await token(), await token()];
    await at('/sms', { phone }, one);
    const code = await smsCodeTo(receiver, phone);
    expect((await at('/sms/confirm', { code }, other)).body.code).toBe('not_found');
    const both = await Promise.all([1, 2, 3, 4].map(() => at('/sms/confirm', { code }, one)));
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(both.every(({ status }) => [200, 401, 404, 409].includes(status))).toBe(true);
  });

  test('three messages go to a number at once, then they wait; so does a network, and all numbers of one prefix', async () => {
    const { access } = await addPhone();
    for (let sent = 0; sent < 3; sent += 1) {
      const { body } = await logIn(signet, person);
      expect((await challenge(body.token, 'sms')).status).toBe(200);
    }
    const { body } = await logIn(signet, person);
    const fourth = await challenge(body.token, 'sms');
    expect([fourth.status, Number(fourth.headers.get('retry-after'))]).toEqual([429, 300]);
    expect(access).toBeDefined();
    // Toll fraud: many accounts, many numbers of one prefix, from one network.
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const username = `pumping-${people}-${i}`;
      await signet.provision({ users: [{ username, password: person.password }] });
      const { access_token } = (await logIn(signet, { username, password: person.password })).body;
      statuses.push((await at('/sms', { phone: `+88213100${String(1000 + i)}` }, access_token)).status);
    }
    expect(statuses).toContain(429);
  });

  test('switched off it is asked for by nobody, and whoever has nothing else is not let in by the password alone', async () => {
    const { codes } = await addPhone();
    await settings({ sms_factor: 'off' });
    const half = await logIn(signet, person);
    expect(half.body).toMatchObject({ mfa_required: true, mfa_methods: ['recovery_code'] });
    expect((await challenge(half.body.token, 'sms')).body.code).toBe('conflict');
    expect((await at('/totp', { token: half.body.token })).status).toBe(401);
    expect((await verifyAt(signet, { token: half.body.token, code: codes[0]! })).status).toBe(200);
    await query(signet.database.url, `DELETE FROM credentials WHERE kind = 'recovery_code'`);
    const stuck = await logIn(signet, person);
    expect([stuck.status, stuck.body.code]).toEqual([403, 'unmet_authentication_requirements']);
    expect((await at('/sms', { phone }, codes[0])).status).toBe(401);
  });

  test('beside a stronger one only: refused before it, gone with it', async () => {
    await settings({ sms_factor: 'beside_stronger' });
    const alone = await at('/sms', { phone }, await token());
    expect([alone.status, alone.body.code]).toEqual([409, 'conflict']);
    const enrolled = await enrol(signet, person);
    const access = enrolled.tokens.access_token;
    await at('/sms', { phone }, access);
    await at('/sms/confirm', { code: await smsCodeTo(receiver, phone) }, access);
    const half = await logIn(signet, person);
    expect(half.body.mfa_methods).toEqual(['totp', 'sms', 'recovery_code']);
    const gone = await postJson(
      `${signet.issuer}/auth/mfa/${enrolled.id}`,
      { password: person.password },
      bearer(access),
      'DELETE',
    );
    expect(gone.status).toBe(204);
    expect((await logIn(signet, person)).body).not.toHaveProperty('mfa_required');
  });

  test('five guesses at each code that was sent, of its kind alone, and the method that was named is the one that counts', async () => {
    await addPhone();
    const half = (await logIn(signet, person)).body.token;
    await challenge(half, 'sms');
    const first = await smsCodeTo(receiver, phone, 2);
    const guess = async (code: string, method: string) => {
      await forgetAttempts();
      return (await verifyAt(signet, { token: half, code, method })).body.code;
    };
    for (let i = 0; i < 4; i += 1) expect(await guess(wrong(first), 'sms')).toBe('wrong_code');
    signet.clock.advance(30);
    expect((await challenge(half, 'sms')).status).toBe(200);
    const newer = await smsCodeTo(receiver, phone, 3);
    for (let i = 0; i < 5; i += 1) expect(await guess(newer, 'recovery_code')).toBe('wrong_code');
    for (let i = 0; i < 4; i += 1) expect(await guess(wrong(newer), 'sms')).toBe('wrong_code');
    expect(await guess(newer, 'sms')).toBeUndefined();
  });

  test('step-up: not late, once though both guesses were right, and no other one is sent before its time', async () => {
    const access = await token();
    await insertFactor('sms', { phone });
    await at('/challenge', { method: 'sms' }, access);
    const late = await smsCodeTo(receiver, phone);
    signet.clock.advance(601);
    expect((await verifyAt(signet, { code: late }, bearer(access))).body.code).toBe('wrong_code');
    await at('/challenge', { method: 'sms' }, access);
    const code = await smsCodeTo(receiver, phone, 2);
    const gate = gateStatements(signet);
    const held = gate.hold('before', /WITH sent AS/, 2);
    const both = [1, 2].map(() => verifyAt(signet, { code }, bearer(access)));
    await held.arrived;
    gate.open();
    const answers = await Promise.all(both);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'wrong_code')).toHaveLength(1);
    const messages = receiver.posted.length;
    const soon = await at('/challenge', { method: 'sms' }, access);
    expect([soon.status, soon.headers.get('retry-after')]).toEqual([429, '30']);
    expect(receiver.posted.length).toBe(messages);
  });

  test('who asks again too soon has asked for nothing: it is not counted', async () => {
    await addPhone();
    const half = (await logIn(signet, person)).body.token;
    expect((await challenge(half, 'sms')).status).toBe(200);
    for (let i = 0; i < 3; i += 1) expect((await challenge(half, 'sms')).status).toBe(429);
    signet.clock.advance(30);
    expect((await challenge(half, 'sms')).status).toBe(200);
  });

  test('what came back is not counted for its number any more, nor for its tenant where the factor was there before', async () => {
    const { access } = await addPhone();
    const added = { enrolment: 1, network: 1, prefix: 1, tenant: 1 };
    expect(await counted()).toEqual(added);
    const half = (await logIn(signet, person)).body.token;
    await challenge(half, 'sms');
    expect(await counted()).toEqual({ ...added, asking: 1, factor: 1, person: 1, tenant: 2 });
    await verifyAt(signet, { token: half, code: await smsCodeTo(receiver, phone, 2) });
    expect(await counted()).toEqual({ ...added, asking: 1, person: 1 });
    await at('/challenge', { method: 'sms' }, access);
    expect(await counted()).toEqual({ ...added, asking: 2, factor: 1, person: 2, tenant: 2 });
    await verifyAt(signet, { code: await smsCodeTo(receiver, phone, 3) }, bearer(access));
    expect(await counted()).toEqual({ ...added, asking: 2, person: 2 });
  });

  const letWait = (what: string) =>
    query(signet.database.url, `UPDATE limits SET next_at = to_timestamp($1) WHERE key LIKE $2`, [
      signet.clock.now / 1000 + 50,
      `sms ${what} %`,
    ]);

  test.each(['asking', 'tenant', 'person', 'factor'])(
    'the %s waits, and nothing is counted for the others',
    async (what) => {
      await addPhone();
      await challenge((await logIn(signet, person)).body.token, 'sms');
      const half = (await logIn(signet, person)).body.token;
      await letWait(what);
      const before = await counted();
      const refused = await challenge(half, 'sms');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '50']);
      expect(await counted()).toEqual(before);
    },
  );

  test.each(['network', 'tenant', 'prefix', 'enrolment', 'number'])(
    'where a number is added the %s waits, and nothing is counted for the others',
    async (what) => {
      const access = await token();
      expect((await at('/sms', { phone }, access)).status).toBe(202);
      signet.clock.advance(30);
      await letWait(what);
      const before = await counted();
      const refused = await at('/sms', { phone }, access);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '50']);
      expect(await counted()).toEqual(before);
    },
  );

  test('switched off after it was sent: nobody signs in with it, and nobody adds it', async () => {
    await addPhone();
    const half = (await logIn(signet, person)).body.token;
    await challenge(half, 'sms');
    const code = await smsCodeTo(receiver, phone, 2);
    await settings({ sms_factor: 'off' });
    expect((await verifyAt(signet, { token: half, code })).body.code).toBe('wrong_code');
    await settings({ sms_factor: 'on' });
    expect((await verifyAt(signet, { token: half, code })).status).toBe(200);
  });

  test('what was begun is added by its own id and method, while the rules stand, by a fresh sign-in', async () => {
    const access = await token();
    const { id } = (await at('/sms', { phone }, access)).body;
    const code = await smsCodeTo(receiver, phone);
    const confirm = async (path = '/sms', given: object = {}) =>
      (await at(`${path}/confirm`, { code, ...given }, access)).body.code;
    expect(await confirm('/email')).toBe('not_found');
    expect(await confirm('/sms', { id: 'd0000000-0000-4000-8000-000000000000' })).toBe('not_found');
    await settings({ sms_factor: 'off' });
    expect(await confirm()).toBe('not_found');
    await settings({ sms_factor: 'on', mfa: 'off' });
    expect(await confirm()).toBe('second_factors_off');
    expect((await at('/sms', { phone }, access)).body.code).toBe('second_factors_off');
    await settings({ mfa: 'optional' });
    signet.clock.advance(301);
    expect(await confirm('/sms', { id })).toBe('insufficient_user_authentication');
  });

  test('guesses at first codes are counted over all that are sent', async () => {
    const access = await token();
    await at('/sms', { phone }, access);
    const guess = async () =>
      (await at('/sms/confirm', { code: wrong(await smsCodeTo(receiver, phone)) }, access)).body.code;
    for (let i = 0; i < 4; i += 1) expect(await guess()).toBe('wrong_code');
    signet.clock.advance(30);
    expect((await at('/sms', { phone }, access)).status).toBe(202);
    expect([await guess(), await guess()]).toEqual(['wrong_code', 'too_many_attempts']);
  });

  test('what one session began is no factor any more once another has added one', async () => {
    const access = await token();
    await at('/sms', { phone }, access);
    const code = await smsCodeTo(receiver, phone);
    const { secret } = await enrol(signet, person);
    expect((await verifyAt(signet, { code: codeOf(secret, signet.clock.now) }, bearer(access))).status).toBe(200);
    expect((await at('/sms/confirm', { code }, access)).body.code).toBe('not_found');
  });

  test('one that cannot be used is none: the only other factor of who must have one stays', async () => {
    const enrolled = await enrol(signet, person);
    await insertFactor('sms', { phone });
    await settings({ mfa: 'required', sms_factor: 'off' });
    const given = { password: person.password };
    const remove = () => at(`/${enrolled.id}`, given, enrolled.tokens.access_token, 'DELETE');
    expect((await remove()).body.code).toBe('conflict');
    await settings({ sms_factor: 'on' });
    expect((await remove()).status).toBe(204);
  });

  test('a code that adds a factor signs nobody in, nor the other way about', async () => {
    await settings({ email_factor: 'on' });
    const { access } = await addPhone();
    await at('/email', {}, access);
    const adds = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
    const half = (await logIn(signet, person)).body.token;
    expect((await verifyAt(signet, { token: half, code: adds })).body.code).toBe('wrong_code');
    await challenge(half, 'sms');
    const proves = await smsCodeTo(receiver, phone, 2);
    expect((await at('/email/confirm', { code: proves }, access)).body.code).toBe('wrong_code');
    expect((await verifyAt(signet, { token: half, code: proves })).status).toBe(200);
    expect((await at('/email/confirm', { code: adds }, access)).status).toBe(200);
  });
});

describe('codes by mail', () => {
  test('off unless the tenant says otherwise; then added, sent and proven as text messages are', async () => {
    expect((await at('/email', {}, await token())).body.code).toBe('second_factors_off');
    await settings({ email_factor: 'on' });
    await addEmail();
    const half = await logIn(signet, person);
    expect(half.body.mfa_methods).toEqual(['email', 'recovery_code']);
    const sent = await challenge(half.body.token, 'email');
    expect(sent.body).toMatchObject({ sent: { method: 'email', to: 'p…@example.com' } });
    const code = await codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code'));
    const whole = await verifyAt(signet, { token: half.body.token, code });
    expect(claimsOf(whole.body.access_token)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], mfa_method: 'email' });
  });

  test('whoever signed in by mail has proven the mailbox: another code to it is no second factor', async () => {
    await settings({ email_factor: 'on' });
    await addEmail();
    const { secret } = await enrolBeside();
    const asked = await postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email });
    expect(asked.status).toBe(202);
    const mailed = await codeIn(await mailTo(smtp, person.email, 3, 'sign-in-code'));
    const half = await postJson(`${signet.issuer}/auth/passwordless/verify`, {
      email: person.email,
      code: mailed,
      proof: asked.body.proof,
    });
    expect(half.body.mfa_methods).toEqual(['totp', 'recovery_code']);
    expect((await challenge(half.body.token, 'email')).body.code).toBe('conflict');
    const whole = await verifyAt(signet, { token: half.body.token, code: codeOf(secret, signet.clock.now) });
    expect(whole.status).toBe(200);
  });

  test('a code that was sent to sign in with is none for a second factor, nor the other way about', async () => {
    await settings({ email_factor: 'on' });
    await addEmail();
    await query(signet.database.url, 'DELETE FROM limits');
    const asked = await postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email });
    const first = await codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code'));
    const half = (await logIn(signet, person)).body.token;
    expect((await verifyAt(signet, { token: half, code: first })).body.code).toBe('wrong_code');
    await challenge(half, 'email');
    const factor = await codeIn(await mailTo(smtp, person.email, 3, 'sign-in-code'));
    const crossed = await postJson(`${signet.issuer}/auth/passwordless/verify`, {
      email: person.email,
      code: factor,
      proof: asked.body.proof,
    });
    expect(crossed.body.code).toBe(factor === first ? undefined : 'wrong_code');
  });

  test('signed in by mail with no other factor: not let in, and nothing is sent to raise such a session', async () => {
    await settings({ email_factor: 'on' });
    const byMail = async (howMany: number) => {
      const asked = await postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email });
      const code = await codeIn(await mailTo(smtp, person.email, howMany, 'sign-in-code'));
      const given = { email: person.email, code, proof: asked.body.proof };
      return postJson(`${signet.issuer}/auth/passwordless/verify`, given);
    };
    const { access_token } = (await byMail(1)).body;
    await insertFactor('email', {});
    expect((await at('/challenge', {}, access_token)).body.mfa_methods).toEqual([]);
    expect((await at('/challenge', { method: 'email' }, access_token)).body.code).toBe('conflict');
    const stuck = await byMail(2);
    expect([stuck.status, stuck.body.code]).toEqual([403, 'unmet_authentication_requirements']);
  });

  test('three mails, whatever strangers have asked for; then they wait until a code comes back', async () => {
    await settings({ email_factor: 'on' });
    await addEmail();
    await forgetAttempts();
    for (let i = 0; i < 3; i += 1) await postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email });
    const halves: string[] = [];
    for (let i = 0; i < 4; i += 1) halves.push((await logIn(signet, person)).body.token);
    // One after the other: several are sent at once, in any order.
    await mailTo(smtp, person.email, 4, 'sign-in-code');
    let code = '';
    for (const [index, half] of halves.slice(0, 3).entries()) {
      expect((await challenge(half, 'email')).status).toBe(200);
      code = await codeIn(await mailTo(smtp, person.email, 5 + index, 'sign-in-code'));
    }
    expect((await challenge(halves[3]!, 'email')).status).toBe(429);
    expect((await verifyAt(signet, { token: halves[2]!, code })).status).toBe(200);
    expect((await challenge(halves[3]!, 'email')).status).toBe(200);
  });

  /** With the factor that there is, an authenticator application besides. */
  async function enrolBeside() {
    const half = (await logIn(signet, person)).body.token;
    await challenge(half, 'email');
    const code = await codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code'));
    const { access_token } = (await verifyAt(signet, { token: half, code })).body;
    const begun = await at('/totp', {}, access_token);
    const { secret } = begun.body;
    await at('/totp/confirm', { code: codeOf(secret, signet.clock.now) }, access_token);
    signet.clock.advance(30);
    return { secret };
  }
});

test('nothing of a code or a number is in the clear where it need not be: codes as MACs, bodies sealed', async () => {
  await addPhone();
  const half = (await logIn(signet, person)).body.token;
  await challenge(half, 'sms');
  const code = await smsCodeTo(receiver, phone, 2);
  const rows = await query(signet.database.url, `SELECT payload FROM one_time_tokens WHERE kind = 'factor_code'`);
  const outbox = await query(signet.database.url, `SELECT sealed FROM outbox`);
  expect(JSON.stringify([rows, outbox])).not.toContain(code);
});
