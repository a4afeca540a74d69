// The client that a tenant has from its first start: the first-party API needs no set-up.
import type { Deps } from '../../deps.ts';
import { firstPartyClientId, firstPartyMetadata } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { createClient } from '../../storage/clients.ts';
import type { Db } from '../../storage/database.ts';
import { eventOf } from '../events.ts';
import { everyOrigin } from './current.ts';

/** On the transaction that makes the tenant. */
export async function createBuiltInClient(deps: Deps, tx: Db, context: RequestContext): Promise<void> {
  const id = firstPartyClientId;
  const client = { id, metadata: firstPartyMetadata, secrets: [], adminRoles: [], disabled: false };
  await createClient(tx, context.tenant.id, client, [id, everyOrigin], {
    ...eventOf(deps, context),
    data: { disabled: false },
  });
}
