// Mail by SMTP: what arrives, who is let in, no mail in clear where TLS is asked for, and no header that somebody adds.
import { afterEach, describe, expect, test } from 'vitest';
import { type MailError, mailer } from '../../src/delivery/mail.ts';
import { DeliveryError } from '../../src/domain/outbox.ts';
import { type Mail, parseMailbox, type SmtpServer } from '../../src/domain/mail.ts';
import { startSmtp, type TestSmtp } from '../support/smtp.ts';
import { freePort } from '../../src/testing/start.ts';

const login = { user: 'signet-user', password: 'p@ss word of mail' };
const from = { name: 'Example Accounts', address: 'accounts@example.com' };
const mail: Mail = { purpose: 'notice', to: 'ada@example.com', subject: 'Grüße', text: 'First line\nSecond line\n' };

const open: TestSmtp[] = [];
afterEach(async () => {
  for (const smtp of open.splice(0)) await smtp.close();
});
async function smtp(...args: Parameters<typeof startSmtp>): Promise<TestSmtp> {
  const started = await startSmtp(...args);
  open.push(started);
  return started;
}

const at = (port: number, more: Partial<SmtpServer> = {}): SmtpServer => ({
  host: '127.0.0.1',
  port,
  tls: 'when offered',
  ...more,
});

async function failure(work: Promise<void>): Promise<MailError> {
  return work.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error as MailError,
  );
}

test('a mail arrives with its text, its sender and its purpose, and says that a program sent it', async () => {
  const { port, mails } = await smtp(login);
  const post = mailer(at(port, { login }), from);
  await post.verify();
  expect(mails).toHaveLength(0);
  await post.send(mail);
  expect(mails.map(({ to }) => to)).toEqual([['ada@example.com']]);
  const { raw } = mails[0]!;
  expect(raw).toMatch(/^From: "?Example Accounts"? <accounts@example\.com>\r$/m);
  expect(raw).toMatch(/^To: ada@example\.com\r$/m);
  expect(raw).toMatch(/^X-Signet-Purpose: notice\r$/m);
  expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m);
  expect(raw).toContain('First line\r\nSecond line');
});

test.each([
  ['a wrong password', { ...login, password: 'another' }],
  ['a user that is not known', { ...login, user: 'nobody' }],
])('%s: refused as a login, and neither is repeated', async (_what, wrong) => {
  const { port, mails } = await smtp(login);
  for (const work of [(m: ReturnType<typeof mailer>) => m.verify(), (m: ReturnType<typeof mailer>) => m.send(mail)]) {
    const error = await failure(work(mailer(at(port, { login: wrong }), from)));
    expect(error.kind).toBe('login');
    for (const secret of Object.values(wrong)) expect(error.message).not.toContain(secret);
  }
  expect(mails).toHaveLength(0);
});

test('a login that the server does not ask for: refused, not left out', async () => {
  const { port, mails } = await smtp();
  expect((await failure(mailer(at(port, { login }), from).verify())).kind).toBe('login');
  expect((await failure(mailer(at(port, { login }), from).send(mail))).kind).toBe('login');
  expect(mails).toHaveLength(0);
});

describe('TLS', () => {
  test('required, and the server has none: nothing is sent', async () => {
    const { port, mails } = await smtp(undefined, { hideSTARTTLS: true, disabledCommands: ['STARTTLS', 'AUTH'] });
    const error = await failure(mailer(at(port, { tls: 'required' }), from).send(mail));
    expect([error.kind, mails.length]).toEqual(['tls', 0]);
    await mailer(at(port, { tls: 'off' }), from).send(mail);
    expect(mails).toHaveLength(1);
  });

  test('required, or from the start, and nobody vouches for the certificate: nothing is sent', async () => {
    const offering = await smtp();
    const speaking = await smtp(undefined, { secure: true });
    for (const [{ port, mails }, tls] of [
      [offering, 'required'],
      [speaking, 'from the start'],
    ] as const) {
      const error = await failure(mailer(at(port, { tls }), from).send(mail));
      expect([error.kind, mails.length], tls).toEqual(['certificate', 0]);
    }
    await mailer(at(offering.port), from).send(mail);
    expect(offering.mails).toHaveLength(1);
  });

  test('from the start, and the server begins in clear: told apart from a server that is not there', async () => {
    const { port } = await smtp();
    expect((await failure(mailer(at(port, { tls: 'from the start' }), from).verify())).kind).toBe('tls');
    const nowhere = await freePort();
    expect((await failure(mailer(at(nowhere), from).verify())).kind).toBe('unreachable');
  });
});

describe('what would add a header or a recipient is refused before anything is sent', () => {
  test.each([
    ['a line break in the address', { to: 'ada@example.com\r\nBcc: eve@example.com' }],
    ['two addresses', { to: 'ada@example.com, eve@example.com' }],
    ['a name with an address', { to: 'Eve <eve@example.com>' }],
    ['a line break in the subject', { subject: 'Hello\r\nBcc: eve@example.com' }],
    ['a bare line feed in the subject', { subject: 'Hello\nX-Signet-Purpose: magic-link' }],
    ['a line separator in the subject', { subject: 'Hello\u2028Bcc: eve@example.com' }],
  ] as [string, Partial<Mail>][])('%s', async (_what, change) => {
    const { port, mails } = await smtp();
    expect(() => mailer(at(port), from).send({ ...mail, ...change })).toThrow(DeliveryError);
    expect(mails).toHaveLength(0);
  });

  test.each([
    ['a@example.com', { address: 'a@example.com' }],
    ['A B <a@example.com>', { name: 'A B', address: 'a@example.com' }],
    ['"B, A" <a@example.com>', { name: 'B, A', address: 'a@example.com' }],
    ['<a@example.com>', { address: 'a@example.com' }],
    ['A, B <a@example.com>', undefined],
    ['a@example.com, b@example.com', undefined],
    ['A <a@example.com> <b@example.com>', undefined],
    ['A\r\nBcc: x@example.com <a@example.com>', undefined],
    ['A', undefined],
    ['', undefined],
  ])('the sender %j', (text, mailbox) => {
    expect(parseMailbox(text)).toEqual(mailbox);
  });
});
