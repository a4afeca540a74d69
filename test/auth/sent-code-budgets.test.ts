// What codes that are sent cost, and whom: nobody keeps an owner from theirs, and nobody is paid for messages without end.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { gateStatements } from '../support/gate.ts';
import { logIn, postJson } from '../support/first-party.ts';
import { world } from '../support/flow.ts';
import { bearer } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { smsBy, smsCodeTo, type SmsReceiver, startSmsReceiver } from '../support/sms.ts';
import { codeIn, mailBy, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

type Person = { username: string; password: string; email: string };

let smtp: TestSmtp;
let receiver: SmsReceiver;
let signet: TestSignet;
let second: TestSignet;
let person: Person;
let phone: string;
let people = 0;
beforeAll(async () => {
  smtp = await startSmtp();
  receiver = await startSmsReceiver();
  const config = { mail: mailBy(smtp.port), ...smsBy(receiver), trustProxy: ['127.0.0.1', '::1'] };
  signet = await startSignet({ provision: { ...world, settings: { email_factor: 'on' } }, config });
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
  person = await newPerson();
  phone = numberOf(people);
  await query(signet.database.url, 'DELETE FROM limits');
});

const numberOf = (nth: number) => `+4915113${String(100_000 + nth)}`;
async function newPerson(): Promise<Person> {
  people += 1;
  const username = `person-${people}`;
  const made = { username, email: `${username}@example.com`, password: 'the one she has had so far' };
  await signet.provision({ users: [{ ...made, email_verified: true }] });
  return made;
}
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const at = (path: string, body: object | undefined, token: string, method = 'POST') =>
  postJson(`${signet.issuer}/auth/mfa${path}`, body, bearer(token), method);
const tokenOf = async (who = person) => (await logIn(signet, who)).body.access_token;
const addPhone = async (who: Person, number: string) => {
  const access = await tokenOf(who);
  const begun = await at('/sms', { phone: number }, access);
  const added = await at('/sms/confirm', { code: await smsCodeTo(receiver, number), id: begun.body.id }, access);
  expect(added.status).toBe(200);
  signet.clock.advance(30);
  return begun.body.id;
};
const addEmail = async () => {
  const access = await tokenOf();
  await at('/email', {}, access);
  const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
  expect((await at('/email/confirm', { code }, access)).status).toBe(200);
  signet.clock.advance(30);
};
/** The password, and the request for a code. */
const ask = async (who: Person, method: 'sms' | 'email', more: { device?: string } = {}, ip = '192.0.2.1') => {
  const { body } = await logIn(signet, who, more);
  const given = { token: body.token, method };
  return { token: body.token, answer: await postJson(`${signet.issuer}/auth/mfa/challenge`, given, from(ip)) };
};
const prove = (token: string, code: string) => postJson(`${signet.issuer}/auth/mfa/verify`, { token, code });
/** As if so many had asked already, of whom nobody waits. */
const haveAsked = (like: string, attempts: number) =>
  query(signet.database.url, 'UPDATE limits SET attempts = $2, next_at = to_timestamp(0) WHERE key LIKE $1', [
    like,
    attempts,
  ]);
const limits = (like: string) =>
  query<{ attempts: number }>(signet.database.url, 'SELECT attempts FROM limits WHERE key LIKE $1', [like]);

describe('others do not keep an owner from their codes', () => {
  test('who asks to add the number to another account', async () => {
    await addPhone(person, phone);
    const attacker = await newPerson();
    const access = await tokenOf(attacker);
    for (let nth = 0; nth < 3; nth += 1) {
      expect((await at('/sms', { phone }, access)).status).toBe(202);
      signet.clock.advance(30);
    }
    expect((await at('/sms', { phone }, access)).status).toBe(429);
    expect((await ask(person, 'sms')).answer.status).toBe(200);
  });

  test.each(['sms', 'email'] as const)('who has the password alone, of the factor %s', async (method) => {
    const provenByPassword = (await logIn(signet, person)).body.device;
    await (method === 'sms' ? addPhone(person, phone) : addEmail());
    const own = await ask(person, method);
    const code = await (method === 'sms'
      ? smsCodeTo(receiver, phone, 2)
      : codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code')));
    const { device } = (await prove(own.token, code)).body;
    for (let nth = 0; nth < 3; nth += 1) expect((await ask(person, method)).answer.status).toBe(200);
    expect((await ask(person, method)).answer.status).toBe(429);
    expect((await ask(person, method, { device })).answer.status).toBe(200);
    expect((await ask(person, method, { device: provenByPassword })).answer.status).toBe(429);
  });

  test('who has an access token', async () => {
    const access = await tokenOf();
    await addPhone(person, phone);
    await query(signet.database.url, 'DELETE FROM limits');
    // From the network from which the password is sent as well.
    const headers = { ...bearer(access), ...from('192.0.2.1') };
    const challenge = () => postJson(`${signet.issuer}/auth/mfa/challenge`, { method: 'sms' }, headers);
    for (let nth = 0; nth < 3; nth += 1) {
      expect((await challenge()).status).toBe(200);
      signet.clock.advance(30);
    }
    expect((await challenge()).status).toBe(429);
    expect((await ask(person, 'sms')).answer.status).toBe(200);
  });

  test('who asks twice at once pays once', async () => {
    await addPhone(person, phone);
    const { body } = await logIn(signet, person);
    const given = { token: body.token, method: 'sms' };
    const answers = await Promise.all(
      [signet, second, signet, second].map(({ server }) => postJson(`${server.url}/auth/mfa/challenge`, given)),
    );
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 429, 429, 429]);
    expect(await limits('sms factor %')).toEqual([{ attempts: 1 }]);
    expect(await limits('sms person %')).toEqual([{ attempts: 1 }]);
  });

  test('a network full of people with numbers of their own: each gets their code', async () => {
    const office = '198.51.100.20';
    for (let nth = 0; nth < 3; nth += 1) {
      const colleague = await newPerson();
      await addPhone(colleague, numberOf(people));
      // Others there have added numbers without end.
      await query(
        signet.database.url,
        `UPDATE limits SET next_at = to_timestamp($1) WHERE key LIKE 'sms network %' OR key LIKE 'sms prefix %'`,
        [signet.clock.now / 1000 + 50],
      );
      const { token, answer } = await ask(colleague, 'sms', {}, office);
      expect(answer.status).toBe(200);
      expect((await prove(token, await smsCodeTo(receiver, numberOf(people), 2))).status).toBe(200);
      await query(signet.database.url, `DELETE FROM limits WHERE key LIKE 'sms network %' OR key LIKE 'sms prefix %'`);
    }
  });

  test('who guesses at mailed codes elsewhere, with proofs that are made up', async () => {
    const verify = (body: object, ip: string) => postJson(`${signet.issuer}/auth/passwordless/verify`, body, from(ip));
    const guess = (proof: string) => verify({ email: person.email, code: '000000', proof }, '203.0.113.9');
    for (let nth = 0; nth < 10; nth += 1) expect((await guess(`sgq_${'a'.repeat(43)}`)).status).toBe(401);
    expect([(await guess('nonsense')).status, (await guess(`sgq_${'b'.repeat(43)}`)).status]).toEqual([429, 429]);
    const { proof } = (await postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email })).body;
    const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
    expect((await verify({ email: person.email, code, proof }, '192.0.2.77')).status).toBe(200);
  });

  test('who asks for mails to many addresses from the same network as a device that the account knows', async () => {
    const { device } = (await logIn(signet, person)).body;
    const mail = (body: object) => postJson(`${signet.issuer}/auth/passwordless/request`, body, from('198.51.100.30'));
    const many = Array.from({ length: 30 }, (_, nth) => mail({ email: `many-${nth}@example.com` }));
    expect((await Promise.all(many)).map(({ status }) => status)).toEqual(Array(30).fill(202));
    expect((await mail({ email: person.email })).status).toBe(429);
    expect((await mail({ email: person.email, device })).status).toBe(202);
  });
});

describe('one who has much does not have more', () => {
  /** Devices that an old password made known. */
  const devices = async (many: number) => {
    const made: string[] = [];
    for (let nth = 0; nth < many; nth += 1) made.push((await logIn(signet, person)).body.device);
    return made;
  };
  const code = (more: object = {}) =>
    postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email, ...more });
  const verify = (body: object, ip = '192.0.2.1') =>
    postJson(`${signet.issuer}/auth/passwordless/verify`, { email: person.email, ...body }, from(ip));

  test('many devices: thirty mails a day out of turn', async () => {
    const known = await devices(12);
    for (let nth = 0; nth < 3; nth += 1) expect((await code()).status).toBe(202);
    const statuses: number[] = [];
    for (const device of known) for (let nth = 0; nth < 3; nth += 1) statuses.push((await code({ device })).status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(30);
  });

  test('many sessions that would verify an address, and many that would add it', async () => {
    await signet.provision({ users: [{ ...person, email_verified: false }] });
    const statuses: number[] = [];
    for (let nth = 0; nth < 12; nth += 1) {
      const access = await tokenOf();
      for (let again = 0; again < 3; again += 1) {
        statuses.push((await at('/email', {}, access)).status);
        signet.clock.advance(30);
      }
    }
    expect(statuses.filter((status) => status === 202).length).toBeLessThanOrEqual(33);
    expect(statuses).toContain(429);
  });

  test('many devices, and many networks with proofs of their own: thirty guesses a day at codes that there are', async () => {
    for (const group of ['devices', 'networks'] as const) {
      const known = group === 'devices' ? await devices(8) : [];
      let real = 0;
      for (let nth = 0; nth < 7; nth += 1) {
        await query(signet.database.url, `DELETE FROM limits WHERE key LIKE 'mail %'`);
        const device = known[nth];
        const { proof } = (await code()).body;
        const guesses = Array.from({ length: 5 }, (_, guess) =>
          verify({ code: 'none', proof, device }, `198.51.${nth}.${guess}`),
        );
        for (const { status } of await Promise.all(guesses)) if (status === 401) real += 1;
      }
      expect(real).toBe(35);
      const counted = await limits(`mailed_code guesses % ${group === 'devices' ? 'known' : 'others'}`);
      expect(counted).toEqual([{ attempts: 30 }]);
      // Over that a right one is none either, and says nothing else.
      await query(signet.database.url, `DELETE FROM limits WHERE key LIKE 'mail %'`);
      // Those that were asked for above may still be on their way.
      const waiting = () => query(signet.database.url, 'SELECT FROM outbox WHERE settled_at IS NULL');
      await expect.poll(waiting, { timeout: 30_000 }).toEqual([]);
      const before = smtp.mails.length;
      const asked = await code();
      await expect.poll(() => smtp.mails.length).toBe(before + 1);
      const digits = await codeIn(smtp.mails.at(-1)!);
      const given = { proof: asked.body.proof, ...(known[7] && { device: known[7] }) };
      expect((await verify({ code: digits, ...given }, '203.0.113.1')).body.code).toBe('wrong_code');
      signet.clock.advance(24 * 3600);
    }
  });

  test('many tokens, and whoever has the password in many networks: thirty messages a day, of which a known device has none', async () => {
    await addPhone(person, phone);
    const own = await ask(person, 'sms');
    const { device } = (await prove(own.token, await smsCodeTo(receiver, phone, 2))).body;
    await query(signet.database.url, 'DELETE FROM limits');
    let sent = 0;
    for (let nth = 0; nth < 12; nth += 1)
      for (let again = 0; again < 3; again += 1)
        if ((await ask(person, 'sms', {}, `198.51.100.${nth}`)).answer.status === 200) sent += 1;
    expect(sent).toBe(30);
    expect((await ask(person, 'sms', { device }, '198.51.100.1')).answer.status).toBe(200);
  });

  test('several tokens of one person are one asker', async () => {
    const tokens = [await tokenOf(), await tokenOf()];
    await addPhone(person, phone);
    const statuses: number[] = [];
    for (let nth = 0; nth < 4; nth += 1) {
      statuses.push((await at('/challenge', { method: 'sms' }, tokens[nth % 2]!)).status);
      signet.clock.advance(31);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
  });

  test('many accounts of one network: sixty messages an hour', async () => {
    const others: Person[] = [];
    for (let nth = 0; nth < 3; nth += 1) {
      others.push(await newPerson());
      await addPhone(others[nth]!, numberOf(people));
    }
    const statuses: number[] = [];
    for (const other of others) {
      statuses.push((await ask(other, 'sms', {}, '203.0.113.44')).answer.status);
      if (statuses.length === 1) await haveAsked('sms asking % 203.0.113.44', 59);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });
});

test('strangers who used up the mails of an address do not see by them when its owner signs in', async () => {
  const ask = (email: string) => postJson(`${signet.issuer}/auth/passwordless/code`, { email });
  const { proof } = (await ask(person.email)).body;
  const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
  for (let nth = 0; nth < 2; nth += 1) await ask(person.email);
  for (let nth = 0; nth < 3; nth += 1) await ask('nobody@example.com');
  const waits = async () =>
    Promise.all(
      [person.email, 'nobody@example.com'].map(async (email) => {
        const { status, headers } = await ask(email);
        return [status, headers.get('retry-after')];
      }),
    );
  expect(await waits()).toEqual([
    [429, '300'],
    [429, '300'],
  ]);
  const given = { email: person.email, code, proof };
  expect((await postJson(`${signet.issuer}/auth/passwordless/verify`, given)).status).toBe(200);
  expect(await waits()).toEqual([
    [429, '300'],
    [429, '300'],
  ]);
});

describe('toll fraud: messages to numbers that are to be added', () => {
  test('one account adds and removes five a day, whatever they are and whoever sends the codes back', async () => {
    const access = await tokenOf();
    const statuses: number[] = [];
    for (let nth = 0; nth < 6; nth += 1) {
      const number = `+88${nth}1310012345`;
      const begun = await postJson(
        `${signet.issuer}/auth/mfa/sms`,
        { phone: number },
        { ...bearer(access), ...from(`2001:db8:${nth}::1`) },
      );
      statuses.push(begun.status);
      if (begun.status !== 202) continue;
      const code = await smsCodeTo(receiver, number);
      expect((await at('/sms/confirm', { code, id: begun.body.id }, access)).status).toBe(200);
      const removed = await at(`/${begun.body.id}`, { password: person.password }, access, 'DELETE');
      expect(removed.status).toBe(204);
      signet.clock.advance(30);
    }
    expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
    // The tenant's count is what was sent: only codes of a factor that was there are given back.
    expect(await limits('sms tenant %')).toEqual([{ attempts: 5 }]);
  });

  test('many accounts and many numbers of one prefix, from one network, and from many', async () => {
    const messages = async (network: (nth: number) => string, many: number) => {
      const statuses: number[] = [];
      for (let nth = 0; nth < many; nth += 1) {
        const access = await tokenOf(await newPerson());
        const number = `+88213${String(10_000_000 + people)}`;
        const headers = { ...bearer(access), ...from(network(nth)) };
        statuses.push((await postJson(`${signet.issuer}/auth/mfa/sms`, { phone: number }, headers)).status);
      }
      return statuses;
    };
    expect(await messages(() => '203.0.113.5', 2)).toEqual([202, 202]);
    await haveAsked('sms network %', 9);
    expect(await messages(() => '203.0.113.5', 2)).toEqual([202, 429]);
    await haveAsked('sms prefix %', 49);
    expect(await messages((nth) => `198.51.100.${nth}`, 2)).toEqual([202, 429]);
  });
});

describe('the mailbox is one thing', () => {
  test('whoever signed in by mail adds no codes by mail', async () => {
    const { proof } = (await postJson(`${signet.issuer}/auth/passwordless/code`, { email: person.email })).body;
    const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
    const given = { email: person.email, code, proof };
    const { access_token } = (await postJson(`${signet.issuer}/auth/passwordless/verify`, given)).body;
    const refused = await at('/email', {}, access_token);
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
  });

  const move = () => signet.provision({ users: [{ ...person, email: `moved-${person.email}`, email_verified: true }] });

  test('a code that was mailed to another address than the account has by now adds nothing, and raises no session', async () => {
    const access = await tokenOf();
    await at('/email', {}, access);
    const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
    await move();
    expect((await at('/email/confirm', { code }, access)).body.code).toBe('wrong_code');
    await signet.provision({ users: [{ ...person, email_verified: true }] });
    expect((await at('/email/confirm', { code }, access)).status).toBe(200);
    signet.clock.advance(30);
    await at('/challenge', { method: 'email' }, access);
    const raising = await codeIn(await mailTo(smtp, person.email, 2, 'sign-in-code'));
    await move();
    const verified = await postJson(`${signet.issuer}/auth/mfa/verify`, { code: raising }, bearer(access));
    expect(verified.body.code).toBe('wrong_code');
  });

  test('nor when the address changes between the guess and what is added by it', async () => {
    const access = await tokenOf();
    await at('/email', {}, access);
    const code = await codeIn(await mailTo(smtp, person.email, 1, 'sign-in-code'));
    const gate = gateStatements(signet);
    const held = gate.hold('before', /from "users".*for (?:no key )?update/is, 1);
    const answer = at('/email/confirm', { code }, access);
    await held.arrived;
    const text = `UPDATE users SET email = 'moved-' || email, email_key = 'moved-' || email_key WHERE username = $1`;
    await query(signet.database.url, text, [person.username]);
    held.open();
    expect((await answer).body.code).toBe('not_found');
    gate.open();
  });
});
