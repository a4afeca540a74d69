// Messages on their way to people: what one is, when it is tried again, and when it is given up.
import type { MailPurpose } from './mail.ts';
import type { SmsPurpose } from './sms.ts';

/** How a message gets to its person. */
export type Channel = 'mail' | 'sms';

/** What a message is for. */
export type Purposes = { readonly mail: MailPurpose; readonly sms: SmsPurpose };

/** What it says, in one language. Never logged and never shown to operators: it may hold a link that signs somebody in. */
export type Bodies = {
  readonly mail: {
    readonly subject: string;
    /** Plain; a link or a code stands alone on its line. */
    readonly text: string;
    /** The same as a document of its own. */
    readonly html: string;
  };
  readonly sms: { readonly text: string };
};

/** A message of one channel that is to be sent. */
export type MessageOf<C extends Channel> = Bodies[C] & {
  /** The same each time that it is tried. */
  readonly id: string;
  readonly channel: C;
  readonly purpose: Purposes[C];
  /** One address, or one number. */
  readonly destination: string;
};

/** A message that is to be sent. */
export type Message = MessageOf<'mail'> | MessageOf<'sms'>;

/** Gives a message to who carries it. Resolves when it was taken. @throws DeliveryError */
export type Courier<C extends Channel> = (message: MessageOf<C>) => Promise<void>;

/** Why a message was not taken. `permanent`: trying again is of no use. */
export class DeliveryError extends Error {
  override readonly name: string = 'DeliveryError';
  readonly permanent: boolean;

  constructor(message: string, permanent: boolean) {
    super(message);
    this.permanent = permanent;
  }
}

/** `waiting`: for its first attempt or another one. `dead`: refused for good, or too old. */
export const outboxStates = ['waiting', 'sent', 'dead'] as const;
export type OutboxState = (typeof outboxStates)[number];

const minute = 60_000;

/** Milliseconds after which an attempt is given up. */
export const sendingDeadline = 5 * minute;

/**
 * Milliseconds for which a message belongs to the process that sends it: longer than the longest attempt. A process that
 * is killed leaves it to the others after that.
 */
export const sendingLease = 2 * sendingDeadline;

const pauses = [5_000, 15_000, minute, 2 * minute, 5 * minute, 15 * minute, 30 * minute];

/** Milliseconds until the attempt after this many. */
export function pauseAfter(attempts: number): number {
  return pauses[Math.min(attempts, pauses.length) - 1] ?? 60 * minute;
}

/** Milliseconds for which the link to another password is good. */
export const resetLinkFor = 30 * minute;

/** Milliseconds for which the link that verifies an address is good. */
export const verifyLinkFor = 24 * 60 * minute;

/** Milliseconds for which the link that confirms another address is good. */
export const changeLinkFor = 60 * minute;

/** Milliseconds in which a notice is worth sending. */
export const noticeUseful = 3 * 24 * 60 * minute;
