// The messages that a Signet inside a test would have sent.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Courier } from '../domain/outbox.ts';

export type CapturedMail = {
  /** As `X-Signet-Purpose` says: `reset-password`, `notice` and the like. */
  readonly purpose: string;
  readonly to: string;
  readonly subject: string;
  /** Plain. */
  readonly text: string;
  /** The link that stands alone on its line, if there is one. */
  readonly link: string | undefined;
  /** The six digits that stand alone on their line, if there are any. */
  readonly code: string | undefined;
};

export type CapturedSms = {
  /** `sign-in-code`, `verify-phone` or `notice`. */
  readonly purpose: string;
  /** E.164. */
  readonly to: string;
  readonly text: string;
  /** As of a mail. */
  readonly code: string | undefined;
};

export type Mailbox = {
  /** In the order in which they came. */
  readonly mails: readonly CapturedMail[];
  readonly sms: readonly CapturedSms[];
  /** The newest to `address`, and of `purpose` if it is given; waits for it. @throws Error when none comes in five seconds. */
  mailTo(address: string, purpose?: string): Promise<CapturedMail>;
  smsTo(number: string, purpose?: string): Promise<CapturedSms>;
  readonly mailCourier: Courier<'mail'>;
  readonly smsCourier: Courier<'sms'>;
};

const patience = 5000;
const interval = 25;

/** Empty at first. */
export function createMailbox(): Mailbox {
  const mails: CapturedMail[] = [];
  const sms: CapturedSms[] = [];
  return {
    mails,
    sms,
    mailCourier: async ({ purpose, destination: to, subject, text }) => {
      mails.push({ purpose, to, subject, text, link: lineOf(text, /^https?:\/\/\S+$/), code: lineOf(text, /^\d{6}$/) });
    },
    smsCourier: async ({ purpose, destination: to, text }) => {
      sms.push({ purpose, to, text, code: lineOf(text, /^\d{6}$/) });
    },
    mailTo: (address, purpose) => newest('mail', mails, address, purpose),
    smsTo: (number, purpose) => newest('text message', sms, number, purpose),
  };
}

function lineOf(text: string, like: RegExp): string | undefined {
  return text.split('\n').find((line) => like.test(line));
}

async function newest<M extends { readonly to: string; readonly purpose: string }>(
  kind: string,
  messages: readonly M[],
  to: string,
  purpose: string | undefined,
): Promise<M> {
  const isMeant = (message: M) => message.to === to && (purpose === undefined || message.purpose === purpose);
  for (let waited = 0; waited <= patience; waited += interval) {
    const found = messages.findLast(isMeant);
    if (found) return found;
    await sleep(interval);
  }
  const others = messages.map((message) => `${message.purpose} to ${message.to}`).join(', ') || 'none';
  throw new Error(
    `No ${kind}${purpose === undefined ? '' : ` of the purpose ${purpose}`} came to ${to}. There are: ${others}.`,
  );
}
