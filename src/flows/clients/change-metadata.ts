// A client changed as it was read, by a merge patch of what was registered.
import type { Deps } from '../../deps.ts';
import { type Client, completeMetadata, signingAlgsOf, usesSecret } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { checkedClientPatch, clientEntryOf, metadataOf, shownClient } from '../../schemas/client.ts';
import { findClient, findRegistered, lockClient } from '../../storage/clients.ts';
import { assertMatches } from '../precondition.ts';
import { dropKeys } from '../keys/change.ts';
import { letFirstKeysSign, makeFirstKeys } from '../keys/provide.ts';
import { dropClient } from './change.ts';
import { noSuchClient } from './list.ts';
import { newClientSecret } from './register.ts';
import { saveClient } from './save.ts';

/** `secret`: made because the client came to need one; nowhere else can it be had again. */
export type ChangedClient = { readonly client: Client; readonly secret: string | undefined };

/**
 * RFC 7396 of what is registered; what a default is in force for stays with the default.
 * @throws Refusal not_found, precondition_required, precondition_failed, invalid_input, forbidden.
 */
export async function changeClient(
  deps: Deps,
  context: RequestContext,
  id: string,
  { patch, ifMatch }: { readonly patch: unknown; readonly ifMatch: string | undefined },
): Promise<ChangedClient> {
  const { tenant } = context;
  const before = await findRegistered(deps.db, tenant.id, id);
  if (!before) throw noSuchClient(id);
  assertMatches(ifMatch, shownClient({ id, ...before, metadata: completeMetadata(before.metadata) }));
  const algs = signingAlgsOf(metadataOf(checkedClientPatch(clientEntryOf({ id, ...before }), patch)));
  const keys = await makeFirstKeys(deps, context, algs);
  const fresh = newClientSecret(deps);
  const changed = await deps.db.transaction(async (tx) => {
    const known = await lockClient(tx, tenant.id, id);
    if (!known) throw noSuchClient(id);
    assertMatches(ifMatch, shownClient({ id, ...known, metadata: completeMetadata(known.metadata) }));
    const entry = checkedClientPatch(clientEntryOf({ id, ...known }), patch);
    const needsSecret = known.secrets.length === 0 && usesSecret(completeMetadata(metadataOf(entry)));
    await letFirstKeysSign(deps, tx, context, keys);
    // What was removed has its default: saving leaves what an entry does not say.
    const whole = { disabled: false, admin_roles: [], ...entry };
    await saveClient(deps, tx, context, { ...whole, ...(needsSecret && { client_secret: fresh }) });
    return { client: (await findClient(tx, tenant.id, id))!, secret: needsSecret ? fresh : undefined };
  });
  dropClient(deps, context, id);
  if (keys.length > 0) dropKeys(deps, context);
  return changed;
}
