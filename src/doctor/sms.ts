// Text messages: whether the service of SMS_URL may be reached, and takes a message.
import { randomUUID } from 'node:crypto';
import { checkTarget, type Guard } from '../delivery/fetcher.ts';
import { smsCourier } from '../delivery/sms.ts';
import { type Finding, ok, problem } from '../domain/finding.ts';
import { OutboundError } from '../domain/outbound.ts';
import { DeliveryError } from '../domain/outbox.ts';
import type { SmsService } from '../domain/sms.ts';

export type SmsLook = {
  readonly guard: Guard;
  readonly clock: () => number;
  /** A number in E.164: one test message goes there. */
  readonly testTo: string | undefined;
};

/** Resolves the host and looks at its addresses; with `testTo` it also sends one message there. `service`: undefined when none is configured. */
export async function checkSms(service: SmsService | undefined, { guard, clock, testTo }: SmsLook): Promise<Finding[]> {
  if (!service) {
    if (testTo === undefined) return [];
    return [problem('sms', 'SMS_URL is not set, so no text message is sent.', 'Set SMS_URL.')];
  }
  const named = `The SMS service ${new URL(service.url).host}`;
  try {
    await checkTarget(guard, service.url);
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    const todo =
      'Correct the host of SMS_URL. If it is meant to be in your own network, name it with its port in OUTBOUND_ALLOW.';
    return [problem('sms', `${named} cannot be reached (${error.reason}).`, todo)];
  }
  const findings = [ok('sms', `${named} has an address that Signet may reach.`)];
  if (testTo === undefined) return findings;
  try {
    await smsCourier(service, { guard, clock })({
      id: randomUUID(),
      channel: 'sms',
      purpose: 'notice',
      destination: testTo,
      text: 'This is a test of Signet. Nothing needs to be done.',
    });
    findings.push(ok('sms', `${named} took a message to ${testTo}.`));
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const todo =
      'See what the service says of it: 401 and 403 are about the login or key in SMS_URL, 404 about its path, other answers from 400 to 499 about the number or the sender.';
    findings.push(problem('sms', `${named} does not take a message to ${testTo} (${error.message}).`, todo));
  }
  return findings;
}
