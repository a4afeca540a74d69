// Text messages by HTTP: to a receiver of signed webhooks, or to Twilio.
import { webhookSignature } from '../crypto/webhook-signature.ts';
import { OutboundError } from '../domain/outbound.ts';
import { type Courier, DeliveryError, type MessageOf } from '../domain/outbox.ts';
import { isPhone, type SmsService } from '../domain/sms.ts';
import { type Guard, guardedFetch, type OutboundRequest } from './fetcher.ts';

/** Statuses of 4xx that say "later": RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4. */
const later: readonly number[] = [408, 425, 429];

export type SmsOptions = {
  readonly guard: Guard;
  readonly clock: () => number;
  /** Milliseconds for one attempt. */
  readonly deadline?: number;
};

/** Sends messages as text messages. */
export function smsCourier(service: SmsService, { guard, clock, deadline }: SmsOptions): Courier<'sms'> {
  return async (message) => {
    if (!isPhone(message.destination)) throw new DeliveryError('a text message goes to one number', true);
    const request = service.kind === 'webhook' ? toWebhook(service, message, clock()) : toTwilio(service, message);
    const status = await statusOf(guard, { ...request, ...(deadline !== undefined && { deadline }) });
    if (status >= 200 && status <= 299) return;
    const isPermanent = status >= 400 && status <= 499 && !later.includes(status);
    throw new DeliveryError(`the SMS service answered ${status}`, isPermanent);
  };
}

/** The reason is for operators, whose own setting names the address. */
async function statusOf(guard: Guard, request: OutboundRequest): Promise<number> {
  try {
    return (await guardedFetch(guard, request)).status;
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    throw new DeliveryError(`the SMS service could not be reached (${error.reason})`, false);
  }
}

type Of<K extends SmsService['kind']> = Extract<SmsService, { kind: K }>;

function toWebhook({ url, key }: Of<'webhook'>, message: MessageOf<'sms'>, now: number): OutboundRequest {
  const { id, purpose, destination: to, text } = message;
  const at = Math.floor(now / 1000);
  const body = JSON.stringify({ id, to, text, purpose });
  return {
    url,
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(at),
      'webhook-signature': webhookSignature(key, { id, at, body }),
    },
  };
}

function toTwilio({ url, account, token, sender }: Of<'twilio'>, message: MessageOf<'sms'>): OutboundRequest {
  return {
    url,
    method: 'POST',
    body: new URLSearchParams({ To: message.destination, ...sender, Body: message.text }).toString(),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`,
    },
  };
}
