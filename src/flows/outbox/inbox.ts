// What would have been mailed, for whoever runs a Signet that sends nothing, on their own machine.
import { fingerprint } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import { Refusal } from '../../domain/errors.ts';
import { newestMessages } from '../../storage/outbox.ts';
import { openBody } from '../deliver/message.ts';

/** Messages on the page. */
const most = 50;

export type InboxMail = {
  readonly id: string;
  readonly tenant: string;
  readonly purpose: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
};

/** The newest first. `token`: what the terminal has shown. @throws Refusal not_found for every other one. */
export async function readInbox(
  deps: Deps,
  { token, given }: { token: string; given: string | undefined },
): Promise<InboxMail[]> {
  if (!fingerprint([given ?? '']).equals(fingerprint([token])))
    throw new Refusal('not_found', 'There is nothing here.');
  const found = await newestMessages(deps.db, most);
  return found.map(({ id, tenant, purpose, destination, sealed, createdAt }) => {
    const { subject, text } = openBody(deps, id, sealed);
    return { id, tenant, purpose, to: destination, subject, text, at: createdAt };
  });
}
