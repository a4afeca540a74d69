// Deletes a client and everything of it: grants, codes, tokens, consents, visits under way.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Db } from '../../storage/database.ts';
import { lockClient, removeClient, removeGrantsOfClient, setClientDisabled } from '../../storage/clients.ts';
import { record } from '../events.ts';
import { announceClient, dropClient } from './change.ts';
import { noSuchClient } from './list.ts';

/** Grants that go in one transaction. */
const batch = 1000;

/**
 * In one transaction; a client with many grants in several, disabled from the first on, so that an interrupted deletion
 * leaves nothing that works, and a second one finishes it. @returns how many grants went. @throws Refusal not_found.
 */
export async function deleteClient(deps: Deps, context: RequestContext, id: string): Promise<{ grants: number }> {
  for (let grants = 0; ;) {
    const before = grants;
    const removed = await deps.db.transaction((tx) => deleteSome(deps, tx, context, id, before));
    dropClient(deps, context, id);
    grants += removed;
    if (removed < batch) return { grants };
  }
}

async function deleteSome(deps: Deps, tx: Db, context: RequestContext, id: string, before: number): Promise<number> {
  const { tenant, now } = context;
  const client = await lockClient(tx, tenant.id, id);
  if (!client) throw noSuchClient(id);
  const removed = await removeGrantsOfClient(tx, tenant.id, id, batch);
  if (removed < batch) {
    await removeClient(tx, tenant.id, id);
    await record(deps, tx, context, { type: 'client.deleted', clientId: id, data: { grants: before + removed } });
    await announceClient(tx, context, id);
  } else if (!client.disabled) {
    await setClientDisabled(tx, tenant.id, id, true, now);
    await record(deps, tx, context, { type: 'client.updated', clientId: id, data: { disabled: true } });
    await announceClient(tx, context, id);
  }
  return removed;
}
