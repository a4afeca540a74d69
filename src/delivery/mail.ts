// Mail by SMTP: one connection each, with TLS and timeouts, and headers that nobody can add to.
import { createTransport } from 'nodemailer';
import type { Mail, Mailbox, SmtpServer } from '../domain/mail.ts';
import { type Courier, DeliveryError, sendingDeadline } from '../domain/outbox.ts';
import { isEmail } from '../domain/user.ts';

export type Mailer = {
  /** Connects, begins TLS and logs in; sends nothing. @throws MailError */
  verify(): Promise<void>;
  /** Resolves when the server has taken the mail. @throws MailError */
  send(mail: Mail): Promise<void>;
};

/** Milliseconds, for who waits for the answer. */
const patience = { connectionTimeout: 5000, greetingTimeout: 5000, dnsTimeout: 5000, socketTimeout: 10_000 };

/**
 * Milliseconds of silence for messages that nobody waits for: a server that looks into a mail may take long to say that it has
 * it, and a mail that it has is not to come twice (RFC 5321 4.5.3.2.6).
 */
const longSilence = 3 * 60_000;

/** Characters of what a server said that are kept. */
const longestWords = 300;

/** What a mail server refused, or why it could not be talked to; in its words, without what it was told in confidence. */
export class MailError extends DeliveryError {
  override readonly name = 'MailError';
  readonly kind: 'unreachable' | 'not mail' | 'tls' | 'certificate' | 'login' | 'sender' | 'recipient' | 'refused';

  constructor(kind: MailError['kind'], message: string, permanent = false) {
    super(message, permanent);
    this.kind = kind;
  }
}

/** Sends messages as mails. */
export function mailCourier({
  server,
  from,
}: {
  readonly server: SmtpServer;
  readonly from: Mailbox;
}): Courier<'mail'> {
  const post = mailer(server, from, longSilence);
  return ({ id, purpose, destination: to, subject, text, html }) =>
    within(sendingDeadline, post.send({ id, purpose, to, subject, text, html }));
}

/** `silence`: milliseconds without a word of the server after which it is given up. */
export function mailer(server: SmtpServer, from: Mailbox, silence = patience.socketTimeout): Mailer {
  const transport = createTransport({
    host: server.host,
    port: server.port,
    secure: server.tls === 'from the start',
    requireTLS: server.tls === 'required',
    ignoreTLS: server.tls === 'off',
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: server.tls !== 'when offered' },
    // A server that offers no login is not given mail without one.
    ...(server.login && { auth: { user: server.login.user, pass: server.login.password }, forceAuth: true }),
    ...patience,
    socketTimeout: silence,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    verify: () => attempt(server, undefined, () => transport.verify()),
    send(mail) {
      refuseInjection(mail);
      const sender = { name: from.name ?? '', address: from.address };
      return attempt(server, mail, () =>
        transport.sendMail({
          // The same each time: a server may know by it that it has the mail already (RFC 5322 3.6.4).
          ...(mail.id !== undefined && { messageId: `<${mail.id}@${from.address.split('@')[1]}>` }),
          from: sender,
          to: { name: '', address: mail.to },
          subject: mail.subject,
          text: mail.text,
          ...(mail.html !== undefined && { html: mail.html }),
          // RFC 3834 5: nobody's vacation notice answers.
          headers: { 'X-Signet-Purpose': mail.purpose, 'Auto-Submitted': 'auto-generated' },
        }),
      );
    },
  };
}

async function attempt(server: SmtpServer, mail: Mail | undefined, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const kind = kindOf(error);
    throw new MailError(kind, withoutSecrets(words, server, mail), isPermanent(error, kind));
  }
}

/** Servers repeat what they refuse: addresses, links, codes, and some the login, as it was typed or as it was sent (RFC 4616). */
function withoutSecrets(words: string, { login }: SmtpServer, mail: Mail | undefined): string {
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  const secrets = [
    ...(login ? [encoded(`\0${login.user}\0${login.password}`), encoded(login.password), encoded(login.user)] : []),
    ...(login ? [login.password, login.user] : []),
    ...(mail ? [mail.to] : []),
  ];
  const masked = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), words);
  return masked
    .replaceAll(/https?:\/\/\S+|\bsg[a-z]_[\w-]+|\b\d{6}\b/gi, '…')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, longestWords);
}

/** A server that says a word now and then, and never the last one, holds nobody up. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new MailError('unreachable', 'the mail server took too long')), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** @throws DeliveryError when a header would hold more than its value, or the mail would go to more than one address. */
function refuseInjection({ to, subject, purpose }: Mail): void {
  if (!isEmail(to)) throw new DeliveryError('a mail goes to one address', true);
  for (const value of [subject, purpose])
    if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) throw new DeliveryError('a header of a mail has one line', true);
}

/** RFC 5321 4.2.1: 5yz is for good, where it is about the recipient or the message. The sender is for operators to mend. */
function isPermanent(error: unknown, kind: MailError['kind']): boolean {
  const { responseCode = 0 } = error as { responseCode?: number };
  return responseCode >= 500 && (kind === 'recipient' || kind === 'refused');
}

function kindOf(error: unknown): MailError['kind'] {
  const { code = '', command = '', message = '' } = error as { code?: string; command?: string; message?: string };
  if (/^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/.test(code) || /certificate/i.test(message))
    return 'certificate';
  if (code === 'EAUTH' || code === 'ENOAUTH') return 'login';
  if (code === 'ETLS' || command === 'STARTTLS') return 'tls';
  if (/wrong version number|packet length too long|SSL routines/i.test(message)) return 'tls';
  if (command.startsWith('MAIL')) return 'sender';
  if (command.startsWith('RCPT')) return 'recipient';
  if (code === 'EPROTOCOL' || /greeting/i.test(message)) return 'not mail';
  if (['ESOCKET', 'ECONNECTION', 'ETIMEDOUT', 'EDNS', 'ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET'].includes(code))
    return 'unreachable';
  return 'refused';
}
