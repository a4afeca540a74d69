// A mail server on a loopback address: real SMTP, with or without a login, and everything that it was given.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { MailPurpose } from '../../src/domain/mail.ts';
import { certificate } from './certificate.ts';

export type TestMail = { readonly to: readonly string[]; readonly raw: string };

export type TestSmtp = { readonly port: number; readonly mails: readonly TestMail[]; close(): Promise<void> };

/** A mail as its person's program shows it. */
export async function readMail(raw: string) {
  const { headers, subject = '', text = '', html } = await simpleParser(raw);
  return { headers, subject, text, html: html === false ? '' : html };
}

/** Starts it. `login`: the only one that it lets in; without, everybody may send. */
export async function startSmtp(
  login?: { readonly user: string; readonly password: string },
  options: SMTPServerOptions = {},
  port = 0,
): Promise<TestSmtp> {
  const mails: TestMail[] = [];
  const server = new SMTPServer({
    authOptional: login === undefined,
    // So that the answer to a wrong password is a refusal of the password.
    allowInsecureAuth: true,
    disabledCommands: login ? [] : ['AUTH'],
    disableReverseLookup: true,
    ...certificate(),
    onAuth({ username, password }, _session, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(new Error(`Not the password of ${username}: ${password}`));
    },
    onData(stream, { envelope }, done) {
      let raw = '';
      stream.setEncoding('utf8').on('data', (part: string) => (raw += part));
      stream.on('end', () => {
        mails.push({ to: envelope.rcptTo.map(({ address }) => address), raw });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** The settings of a Signet that sends through it. */
export const mailBy = (port: number) =>
  ({
    server: { host: '127.0.0.1', port, tls: 'when offered' },
    from: { name: 'Accounts', address: 'accounts@example.com' },
  }) as const;

/** The link that stands alone on its line. @throws Error when there is none, or more than one. */
export async function linkIn({ raw }: TestMail): Promise<string> {
  const { text } = await readMail(raw);
  const links = text.split('\n').filter((line) => /^https?:\/\/\S+$/.test(line));
  if (links.length !== 1) throw new Error(`no one link in: ${text}`);
  return links[0]!;
}

/** The code that stands alone on its line. @throws Error when there is none. */
export async function codeIn({ raw }: TestMail): Promise<string> {
  const { text } = await readMail(raw);
  const code = text.split('\n').find((line) => /^\d{6}$/.test(line));
  if (code === undefined) throw new Error(`no code in: ${text}`);
  return code;
}

/** The newest mail to this address, once there are so many; of those for `purpose` alone, when it is given. */
export async function mailTo(smtp: TestSmtp, address: string, howMany = 1, purpose?: MailPurpose): Promise<TestMail> {
  const isMeant = (raw: string) => purpose === undefined || raw.includes(`X-Signet-Purpose: ${purpose}\r\n`);
  for (let looks = 0; looks < 200; looks += 1) {
    const found = smtp.mails.filter(({ to, raw }) => to.includes(address) && isMeant(raw));
    if (found.length >= howMany) return found.at(-1)!;
    await sleep(50);
  }
  throw new Error(`no mail to ${address}`);
}
