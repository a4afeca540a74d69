// What would have been sent, for whoever runs a Signet that sends nothing, on their own machine.
import { fingerprint } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Channel } from '../../domain/outbox.ts';
import { newestMessages } from '../../storage/outbox.ts';
import { openBody } from '../deliver/message.ts';

/** Messages on the page. */
const most = 50;

export type InboxMessage = {
  readonly id: string;
  readonly tenant: string;
  readonly channel: Channel;
  readonly purpose: string;
  /** An address, or a number. */
  readonly to: string;
  /** Undefined where the channel has none. */
  readonly subject: string | undefined;
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
};

/** The newest first. `token`: what the terminal has shown. @throws Refusal not_found for every other one. */
export async function readInbox(
  deps: Deps,
  { token, given }: { token: string; given: string | undefined },
): Promise<InboxMessage[]> {
  if (!fingerprint([given ?? '']).equals(fingerprint([token])))
    throw new Refusal('not_found', 'There is nothing here.');
  const found = await newestMessages(deps.db, most);
  return found.map(({ id, tenant, channel, purpose, destination, sealed, createdAt }) => {
    const body = openBody(deps, id, sealed);
    const subject = 'subject' in body ? body.subject : undefined;
    return { id, tenant, channel, purpose, to: destination, subject, text: body.text, at: createdAt };
  });
}
