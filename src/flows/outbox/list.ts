// The outbox as operators see it: addresses, purposes and problems, never what a message says.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { OutboxState } from '../../domain/outbox.ts';
import { isUuid } from '../../domain/uuid.ts';
import { type ListedMessage, listMessages, retryMessages } from '../../storage/outbox.ts';
import { record } from '../events.ts';

export type { ListedMessage };

/** A page of at most `limit`, the newest first. `after`: the id of the last one of the page before. */
export async function listOutbox(
  deps: Deps,
  { tenant }: RequestContext,
  { state, after, limit }: { state?: OutboxState; after?: string; limit: number },
): Promise<{ items: ListedMessage[]; more: boolean }> {
  if (after !== undefined && !isUuid(after)) return { items: [], more: false };
  const found = await listMessages(deps.db, tenant.id, { state, before: after, limit: limit + 1 });
  return { items: found.slice(0, limit), more: found.length > limit };
}

/**
 * Has the message of this id tried again now, or all that wait or are dead; not what is too old, or being sent at this moment.
 * @throws Refusal not_found when `id` names none that can be tried.
 */
export async function retryOutbox(deps: Deps, context: RequestContext, id: string | undefined): Promise<number> {
  const { tenant, now } = context;
  if (id !== undefined && !isUuid(id)) throw noSuchMessage(id);
  return deps.db.transaction(async (tx) => {
    const count = await retryMessages(tx, tenant.id, id, now);
    if (id !== undefined && count === 0) throw noSuchMessage(id);
    const event = { type: 'message.retried', data: { messages: count, ...(id !== undefined && { id }) } } as const;
    if (count > 0) await record(deps, tx, context, event);
    return count;
  });
}

function noSuchMessage(id: string): Refusal {
  return new Refusal(
    'not_found',
    `There is no message ${id} that could be tried again: it was sent, is too old, or never was.`,
  );
}
