// Mail: whether the server of SMTP_URL lets Signet in, and takes a message.
import { MailError, mailer } from '../delivery/mail.ts';
import { type Finding, ok, problem } from '../domain/finding.ts';
import type { Mailbox, SmtpServer } from '../domain/mail.ts';

const cures: Readonly<Record<MailError['kind'], string>> = {
  unreachable:
    'See that the mail server runs, and that host and port of SMTP_URL are right and no firewall is in between.',
  'not mail': 'Correct host and port of SMTP_URL: no mail server answers there.',
  tls: 'Write smtps:// for a server with TLS from the start (port 465), smtp:// for one with STARTTLS (port 587). Only for one without any TLS, add ?tls=off.',
  certificate:
    'Name the mail server in SMTP_URL as its certificate does. For an authority of your own, name its certificate in NODE_EXTRA_CA_CERTS.',
  login: 'Correct user and password in SMTP_URL; special characters in them must be percent-encoded.',
  sender: 'Set MAIL_FROM to an address that this user may send from.',
  recipient: 'Send to another address, or let the mail server accept mail for this one.',
  refused: 'Ask whoever runs the mail server what its answer means.',
};

/** Connects and logs in; with `testTo` it also sends one test mail there. `mail`: undefined when no mail is configured. */
export async function checkMail(
  mail: { readonly server: SmtpServer; readonly from: Mailbox } | undefined,
  testTo: string | undefined,
): Promise<Finding[]> {
  if (!mail) {
    const none = 'SMTP_URL is not set, so no mail is sent.';
    return [testTo === undefined ? ok('mail', none) : problem('mail', none, 'Set SMTP_URL and MAIL_FROM.')];
  }
  const { host, port, login } = mail.server;
  const server = `The mail server ${host}:${port}`;
  const post = mailer(mail.server, mail.from);
  const trouble = await caught(post.verify());
  if (trouble) return [problem('mail', `${server} cannot be used (${trouble.message}).`, cures[trouble.kind])];
  const findings = [ok('mail', `${server} answers${login ? ' and lets Signet in' : ''}.`)];
  if (testTo === undefined) return findings;
  const unsent = await caught(
    post.send({
      purpose: 'notice',
      to: testTo,
      subject: 'Signet can send mail',
      text: 'This is a test. Somebody who runs Signet asked for it with "signet doctor --send-test-mail".\n\nNothing needs to be done.\n',
    }),
  );
  findings.push(
    unsent
      ? problem('mail', `${server} does not take a message to ${testTo} (${unsent.message}).`, cures[unsent.kind])
      : ok('mail', `${server} took a message to ${testTo}.`),
  );
  return findings;
}

async function caught(work: Promise<void>): Promise<MailError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof MailError) return error;
    throw error;
  }
}
