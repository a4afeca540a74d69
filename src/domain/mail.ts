// A mail as the server sends it, and the server that takes it.
import { isEmail } from './user.ts';

/** How a mail server is reached. */
export type SmtpServer = {
  readonly host: string;
  readonly port: number;
  /**
   * `from the start`: TLS before anything is said. `required`: STARTTLS, or nothing is sent. `when offered`: STARTTLS
   * without looking at the certificate; for this machine's own server only. `off`: everything in clear.
   */
  readonly tls: 'from the start' | 'required' | 'when offered' | 'off';
  readonly login?: { readonly user: string; readonly password: string };
};

export type Mailbox = { readonly name?: string; readonly address: string };

/** An address as it is shown to somebody who has not proven yet that it is theirs. */
export function maskedEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const first = String.fromCodePoint(email.codePointAt(0) ?? 0x2e);
  return `${first}…${email.slice(at)}`;
}

/** What a mail is for, as `X-Signet-Purpose` says; a contract. */
export type MailPurpose = 'magic-link' | 'sign-in-code' | 'verify-email' | 'reset-password' | 'invitation' | 'notice';

/** Plain text; a link or a code in it stands alone on its line. */
export type Mail = {
  /** The same each time that it is tried. */
  readonly id?: string;
  readonly purpose: MailPurpose;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** The same as a document. */
  readonly html?: string;
};

/**
 * `Name <user@example.com>` or `user@example.com`, or undefined for anything else: two addresses, a comment, a line break.
 * A name may stand in double quotes.
 */
export function parseMailbox(text: string): Mailbox | undefined {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text) || text.length > 400) return undefined;
  const [, quoted, bare, bracketed] = /^(?:"([^"\\<>]*)"|([^"<>@,;:\\]*?))\s*<([^<>]*)>$/u.exec(text) ?? [];
  const address = bracketed ?? text;
  if (!isEmail(address)) return undefined;
  const name = (quoted ?? bare ?? '').trim();
  return name === '' ? { address } : { name, address };
}
