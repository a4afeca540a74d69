// The mails that a Signet inside a test would have sent.
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
};

export type Mailbox = {
  /** In the order in which they came. */
  readonly mails: readonly CapturedMail[];
  /** The newest to `address`, and of `purpose` if it is given; waits for it. @throws Error when none comes in five seconds. */
  mailTo(address: string, purpose?: string): Promise<CapturedMail>;
  readonly courier: Courier;
};

const patience = 5000;
const interval = 25;

/** Empty at first. */
export function createMailbox(): Mailbox {
  const mails: CapturedMail[] = [];
  return {
    mails,
    courier: async ({ purpose, destination: to, subject, text }) => {
      const link = text.split('\n').find((line) => /^https?:\/\/\S+$/.test(line));
      mails.push({ purpose, to, subject, text, link });
    },
    async mailTo(address, purpose) {
      const isMeant = (mail: CapturedMail) =>
        mail.to === address && (purpose === undefined || mail.purpose === purpose);
      for (let waited = 0; waited <= patience; waited += interval) {
        const found = mails.findLast(isMeant);
        if (found) return found;
        await sleep(interval);
      }
      const others = mails.map(({ to, purpose: what }) => `${what} to ${to}`).join(', ') || 'none';
      throw new Error(
        `No mail${purpose === undefined ? '' : ` of the purpose ${purpose}`} came to ${address}. There are: ${others}.`,
      );
    },
  };
}
