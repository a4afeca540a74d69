// A mail server on a loopback address: real SMTP, with or without a login, and everything that it was given.
import type { AddressInfo } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
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
