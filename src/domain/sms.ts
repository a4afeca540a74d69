// Text messages: what a telephone number is, what they are for, and who takes them.

/** What a text message is for; a contract. */
export type SmsPurpose = 'sign-in-code' | 'notice' | 'verify-phone';

/** Who takes text messages. */
export type SmsService =
  | {
      /** A receiver of signed JSON (Standard Webhooks 1.0). */
      readonly kind: 'webhook';
      /** Without a login. */
      readonly url: string;
      readonly key: string;
    }
  | {
      /** Twilio's REST API. */
      readonly kind: 'twilio';
      readonly url: string;
      readonly account: string;
      readonly token: string;
      /** A number or a name to send from, or a messaging service. */
      readonly sender: { readonly From: string } | { readonly MessagingServiceSid: string };
    };

/** Characters of the key that a webhook is signed with, at least. */
export const shortestWebhookKey = 24;

/** What tells one number of a person from another, and not the number. */
export function endOfPhone(phone: string): string {
  return phone.slice(-2);
}

/** E.164, as it is stored and sent: `+4915112345678`. */
export function isPhone(text: string): boolean {
  return /^\+[1-9]\d{7,14}$/.test(text);
}

/** The number that somebody typed, with spaces, dashes, dots or parentheses in it; undefined when it is none with its country. */
export function phoneKey(typed: string): string | undefined {
  // What is copied from elsewhere has other spaces and dashes, and marks that say in which direction it is read.
  const bare = typed
    .normalize('NFKC')
    // The zero that is dialled at home only.
    .replaceAll('(0)', '')
    .replaceAll(/[\s()./\-\u2010-\u2015\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .replace(/^00/, '+');
  return isPhone(bare) ? bare : undefined;
}
