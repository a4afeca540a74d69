// Messages to people: written with their cause, sent once, later when it cannot be now, and never for nothing.
import { pino } from 'pino';
import { cookieName } from '../support/cookies.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { type Courier, type Message, sendingLease } from '../../src/domain/outbox.ts';
import { deliverOne } from '../../src/flows/outbox/worker.ts';
import { retryOutbox } from '../../src/flows/outbox/list.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { resetAdministrator } from '../../src/flows/users/administrators.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import { claimMessage } from '../../src/storage/outbox.ts';
import { freePort } from '../../src/testing/start.ts';
import { createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn, postJson } from '../support/first-party.ts';
import { world } from '../support/flow.ts';
import { enrol } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { mailTo, readMail, startSmtp, type TestSmtp } from '../support/smtp.ts';

let signet: TestSignet;
let smtp: TestSmtp | undefined;
let port: number;
let lines: string[];
let person: { username: string; password: string; email: string; locale?: string };
let people = 0;
beforeAll(async () => {
  lines = [];
  port = await freePort();
  signet = await startSignet({
    provision: world,
    config: {
      mail: {
        server: { host: '127.0.0.1', port, tls: 'when offered' },
        from: { name: 'Accounts', address: 'accounts@example.com' },
      },
    },
    log: pino({ level: 'debug' }, { write: (line) => void lines.push(line) }),
  });
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  const username = `person-${people}`;
  person = { username, password: 'the one she has had so far', email: `${username}@example.com` };
  await signet.provision({ users: [person] });
});
afterEach(async () => {
  await smtp?.close();
  smtp = undefined;
  await query(signet.database.url, 'DELETE FROM outbox');
});

const change = async (wanted = 'a new one, made up by herself') => {
  const { body } = await logIn(signet, person);
  const headers = { authorization: `Bearer ${body.access_token}`, 'accept-language': 'de' };
  const form = { current_password: person.password, new_password: wanted };
  return postJson(`${signet.issuer}/auth/password`, form, headers);
};
const context = async () =>
  contextWithoutRequest(signet.server.deps, (await tenantBySlug(signet.server.deps, 'default'))!, signet.clock.now);
const rows = () =>
  query<{ state: string; attempts: number; problem: string | null; sealed: string | null; destination: string }>(
    signet.database.url,
    'SELECT state, attempts, problem, sealed, destination FROM outbox ORDER BY id',
  );
const settled = (state: string) =>
  expect.poll(async () => (await rows()).map((row) => row.state), { timeout: 10_000 }).toEqual([state]);

describe('notices', () => {
  test('a changed password is told to the stored address, in the language of the browser, as text and as a document', async () => {
    smtp = await startSmtp(undefined, {}, port);
    expect((await change()).status).toBe(204);
    await settled('sent');
    const [mail] = smtp.mails;
    expect([smtp.mails.length, mail!.to]).toEqual([1, [person.email]]);
    const { headers, subject, text, html } = await readMail(mail!.raw);
    expect(subject).toBe('Ihr Passwort wurde geändert');
    expect([headers.get('x-signet-purpose'), headers.get('auto-submitted')]).toEqual(['notice', 'auto-generated']);
    expect(text).toContain(person.username);
    expect(text.split('\n')).toContain(`${signet.issuer}/account`);
    expect(html).toContain('<html lang="de" dir="ltr">');
    expect(html).toContain(`href="${signet.issuer}/account"`);
    const [row] = await rows();
    expect([row!.sealed, row!.attempts]).toEqual([null, 1]);
  });

  test('what an operator sets; a factor that is added, with its recovery codes; their own language is first', async () => {
    await signet.provision({ users: [{ ...person, locale: 'fr_CA' }] });
    smtp = await startSmtp(undefined, {}, port);
    await enrol(signet, person);
    await signet.provision({ users: [{ ...person, password: 'out of a file of the operator', password_reset: true }] });
    await setPassword(signet.server.deps, await context(), person.username, 'made by an operator');
    await expect.poll(() => smtp!.mails.length, { timeout: 10_000 }).toBe(3);
    const subjects = await Promise.all(smtp.mails.map(async ({ raw }) => (await readMail(raw)).subject));
    expect(subjects.toSorted()).toEqual([
      'Une application d’authentification a été ajoutée',
      'Vous avez reçu un autre mot de passe',
      'Vous avez reçu un autre mot de passe',
    ]);
  });

  test('the address before is told when there is another one; an operator who lets somebody in again is told of', async () => {
    smtp = await startSmtp(undefined, {}, port);
    const moved = `moved-${people}@example.com`;
    await signet.provision({ users: [{ ...person, email: moved }] });
    const mail = await mailTo(smtp, person.email);
    expect((await readMail(mail.raw)).subject).toBe('Your email address was changed');
    await resetAdministrator(signet.server.deps, await context(), person.username, 'made by an operator');
    expect((await readMail((await mailTo(smtp, moved)).raw)).subject).toBe('You were given another password');
  });

  test('a sign-in from another browser is told, with browser and address; the first of all, a known one and a silent tenant are not', async () => {
    smtp = await startSmtp(undefined, {}, port);
    const sent = async () => (await rows()).length;
    const enter = async (agent = createAgent(), headers: Record<string, string> = {}) => {
      const { username, password } = person;
      const attempt = field(await agent.get(`${signet.issuer}/sign-in`), 'attempt');
      const { location } = await agent.post(`${signet.issuer}/sign-in`, { attempt, username, password }, headers);
      expect(location).toBe(`${signet.issuer}/account`);
      return agent;
    };
    const first = await enter();
    expect(await sent()).toBe(0);
    first.cookies.delete(cookieName(signet, 'session'));
    await enter(first);
    expect(await sent(), 'one that it knows').toBe(0);
    const chrome =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
    await enter(createAgent(), { 'user-agent': chrome });
    expect(await sent()).toBe(1);
    const { subject, text } = await readMail((await mailTo(smtp, person.email)).raw);
    expect(subject).toBe('A new browser signed in');
    expect(text).toMatch(/From: Chrome on Linux, at (?:127\.0\.0\.1|::1)/);
    await signet.provision({ settings: { new_browser: 'silent' } });
    await enter();
    expect(await sent()).toBe(1);
    await signet.provision({ settings: { new_browser: 'tell' } });
  });

  test('nobody without an address is told anything, and no change that is undone is told', async () => {
    const { deps } = signet.server;
    const { email: _email, ...nameless } = { ...person, username: `nameless-${people}` };
    await signet.provision({ users: [nameless] });
    await setPassword(deps, await context(), nameless.username, 'made by an operator');
    const undone = deps.db.transaction(async (tx) => {
      await setPassword({ ...deps, db: tx }, await context(), person.username, 'another, made up');
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await rows()).toEqual([]);
  });

  test('what a message says is sealed, and stands in no log', async () => {
    expect((await change()).status).toBe(204);
    const [row] = await rows();
    expect(row!.destination).toBe(person.email);
    expect(row!.sealed).not.toContain('account');
    await expect.poll(async () => (await rows())[0]!.problem, { timeout: 10_000 }).not.toBeNull();
    expect(lines.some((line) => line.includes('message not sent'))).toBe(true);
    expect(lines.join('')).not.toContain(person.email);
    expect(lines.join('')).not.toContain('Ihr Passwort');
  });
});

describe('a mail server that fails', () => {
  test('down: the change is answered at once, and the same mail comes later, once', async () => {
    const begun = performance.now();
    expect((await change()).status).toBe(204);
    expect(performance.now() - begun, 'nobody waits for the mail server').toBeLessThan(5000);
    await expect.poll(async () => (await rows())[0]!.problem, { timeout: 10_000 }).toMatch(/ECONNREFUSED|connect/i);
    smtp = await startSmtp(undefined, {}, port);
    signet.clock.advance(5);
    await settled('sent');
    expect(smtp.mails.map(({ to }) => to)).toEqual([[person.email]]);
  });

  test('it refuses one recipient for good: given up at once, and the others get theirs', async () => {
    let refused: string | undefined;
    smtp = await startSmtp(
      undefined,
      {
        onRcptTo: ({ address }, _session, done) =>
          done(address === refused ? Object.assign(new Error('no such user'), { responseCode: 550 }) : undefined),
      },
      port,
    );
    refused = person.email;
    expect((await change()).status).toBe(204);
    people += 1;
    person = { ...person, username: `person-${people}`, email: `person-${people}@example.com` };
    await signet.provision({ users: [person] });
    expect((await change()).status).toBe(204);
    const states = async () => (await rows()).map(({ state }) => state).toSorted();
    await expect.poll(states, { timeout: 10_000 }).toEqual(['dead', 'sent']);
    expect((await rows()).map(({ problem }) => problem).join()).toContain('no such user');
    expect(smtp.mails.map(({ to }) => to)).toEqual([[person.email]]);
  });

  test('it repeats what it refuses: neither link nor address nor login is kept or logged', async () => {
    const words = `550 <${person.email}>: user unknown, see https://id.example/reset-password?token=sgp_${'A'.repeat(43)}, code 271828`;
    smtp = await startSmtp(
      undefined,
      { onRcptTo: (_address, _session, done) => done(Object.assign(new Error(words), { responseCode: 550 })) },
      port,
    );
    lines.length = 0;
    await change();
    await settled('dead');
    const [row] = await rows();
    expect(row!.problem).toContain('user unknown');
    for (const text of [row!.problem!, lines.join('')])
      expect(text).not.toMatch(new RegExp(`sgp_|271828|${person.email}`));
  });

  test('it takes long to say that it has the mail: it comes once', async () => {
    smtp = await startSmtp(
      undefined,
      { onData: (stream, _session, done) => void stream.resume().on('end', () => setTimeout(done, 12_000)) },
      port,
    );
    await change();
    await expect.poll(async () => (await rows())[0]!.state, { timeout: 25_000 }).toBe('sent');
    expect((await rows())[0]!.attempts).toBe(1);
  }, 40_000);

  test('it refuses for now: tried again later, and not before', async () => {
    let busy = true;
    const refusal = () => Object.assign(new Error('try later'), { responseCode: 451 });
    smtp = await startSmtp(
      undefined,
      { onMailFrom: (_address, _session, done) => done(busy ? refusal() : undefined) },
      port,
    );
    await change();
    await expect.poll(async () => (await rows())[0]!.problem, { timeout: 10_000 }).toContain('try later');
    busy = false;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(smtp.mails).toHaveLength(0);
    signet.clock.advance(5);
    await settled('sent');
    expect(smtp.mails).toHaveLength(1);
  });
});

describe('the worker', () => {
  const sent: Message[] = [];
  const take: Courier<'mail'> = async (message) => void sent.push(message);
  const deliver = (mail: Courier<'mail'>) => deliverOne(signet.server.deps, { mail }, ['mail']);
  beforeEach(async () => {
    sent.length = 0;
    // The server of these tests sends nothing by itself meanwhile.
    await signet.server.deps.db.transaction(async (tx) => {
      await setPassword({ ...signet.server.deps, db: tx }, await context(), person.username, 'another, made up');
      await claimMessage(tx, ['mail'], signet.clock.now, signet.clock.now + sendingLease);
    });
  });
  const free = () => signet.clock.advance(sendingLease / 1000);

  test('twenty at once, of several processes: one sends it', async () => {
    free();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => deliver(take)));
    expect(outcomes.filter(Boolean).length).toBeLessThanOrEqual(1);
    await settled('sent');
    expect(sent.length).toBeLessThanOrEqual(1);
  });

  test('killed while sending: nobody else sends it until the lease is over, and then somebody does', async () => {
    expect(await deliver(take)).toBe(false);
    signet.clock.advance(sendingLease / 1000 - 1);
    expect(await deliver(take)).toBe(false);
    smtp = await startSmtp(undefined, {}, port);
    signet.clock.advance(1);
    await settled('sent');
  });

  test('given up when it is too old; an operator may have tried again what is not', async () => {
    free();
    await expect.poll(async () => (await rows())[0]!.problem, { timeout: 10_000 }).not.toBeNull();
    signet.clock.advance(24 * 3600);
    await query(signet.database.url, `UPDATE outbox SET state = 'dead', problem = 'by hand'`);
    smtp = await startSmtp(undefined, {}, port);
    expect(await retryOutbox(signet.server.deps, await context(), undefined)).toBe(1);
    await settled('sent');
    await query(signet.database.url, `UPDATE outbox SET state = 'dead'`);
    expect(await retryOutbox(signet.server.deps, await context(), undefined), 'what was sent is gone').toBe(0);
  });

  test('after three days it is given up, and cannot be tried again', async () => {
    signet.clock.advance(3 * 24 * 3600);
    await settled('dead');
    expect((await rows())[0]!.problem).toBe('too old to be of use');
    expect(await retryOutbox(signet.server.deps, await context(), undefined)).toBe(0);
  });
});
