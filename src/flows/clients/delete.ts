// Deletes a client and everything of it: grants, codes, tokens, consents, visits under way.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { lockClient, removeClient, removeGrantsOfClient, setClientDisabled } from '../../storage/clients.ts';
import { assertMatches } from '../precondition.ts';
import { completeMetadata } from '../../domain/client.ts';
import { shownClient } from '../../schemas/client.ts';
import { record } from '../events.ts';
import { assertReachesRights, rightsBehind } from '../reach.ts';
import { announceClient, dropClient } from './change.ts';
import { noSuchClient } from './list.ts';

/** Grants that go in one transaction, each with all its tokens. */
const batch = 50;

/**
 * Disabled first, in a transaction of its own: from then on nothing of it works here, however long the rest takes, and an
 * interrupted deletion is finished by another. `ifMatch`: of what was read, where somebody read it before.
 * @returns how many grants went. @throws Refusal not_found.
 */
export async function deleteClient(
  deps: Deps,
  context: RequestContext,
  id: string,
  { ifMatch }: { readonly ifMatch: string | undefined } = { ifMatch: '*' },
): Promise<{ grants: number }> {
  await disable(deps, context, id, ifMatch);
  const { tenant } = context;
  let grants = 0;
  for (let after: string | undefined; ;) {
    const removed = await removeGrantsOfClient(deps.db, tenant.id, id, { after, limit: batch });
    grants += removed.count;
    after = removed.last;
    if (after === undefined) break;
  }
  await deps.db.transaction(async (tx) => {
    const client = await lockClient(tx, tenant.id, id);
    if (!client) throw noSuchClient(id);
    assertReachesRights(context, rightsBehind(tenant, client), `The client ${id}`);
    if (!client.disabled)
      throw new Refusal('conflict', `The client ${id} was enabled again meanwhile: it was not deleted.`);
    await removeClient(tx, tenant.id, id);
    await record(deps, tx, context, { type: 'client.deleted', clientId: id, data: { grants } });
    await announceClient(tx, context, id);
  });
  dropClient(deps, context, id);
  return { grants };
}

async function disable(deps: Deps, context: RequestContext, id: string, ifMatch: string | undefined): Promise<void> {
  await deps.db.transaction(async (tx) => {
    const client = await lockClient(tx, context.tenant.id, id);
    if (!client) throw noSuchClient(id);
    assertMatches(ifMatch, shownClient({ id, ...client, metadata: completeMetadata(client.metadata) }));
    assertReachesRights(context, rightsBehind(context.tenant, client), `The client ${id}`);
    if (client.metadata.built_in)
      throw new Refusal('conflict', `The client ${id} is built in: it can be disabled, not deleted.`);
    if (client.disabled) return;
    await setClientDisabled(tx, context.tenant.id, id, true, context.now);
    await record(deps, tx, context, { type: 'client.updated', clientId: id, data: { disabled: true } });
    await announceClient(tx, context, id);
  });
  dropClient(deps, context, id);
}
