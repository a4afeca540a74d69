// A new secret for a client; the old one stops at once.
import type { Deps } from '../../deps.ts';
import { completeMetadata, isPublic } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { lockClient, replaceClientSecret } from '../../storage/clients.ts';
import { aboutSecret } from './authenticate.ts';
import { record } from '../events.ts';
import { announceClient, dropClient } from './change.ts';
import { noSuchClient } from './list.ts';
import { newClientSecret } from './register.ts';

/** @returns the new secret, which nowhere else can be had again. @throws Refusal not_found; invalid_input for a public client. */
export async function rotateClientSecret(deps: Deps, context: RequestContext, id: string): Promise<string> {
  const { tenant, now } = context;
  const secret = newClientSecret(deps);
  const mac = deps.box.mac('client secret', aboutSecret(tenant.id, id, secret));
  await deps.db.transaction(async (tx) => {
    const client = await lockClient(tx, tenant.id, id);
    if (!client) throw noSuchClient(id);
    if (isPublic(completeMetadata(client.metadata)))
      throw new Refusal('invalid_input', `The client ${id} is public: it has no secret.`);
    await replaceClientSecret(tx, tenant.id, id, mac, now);
    await record(deps, tx, context, { type: 'client.secret_rotated', clientId: id });
    await announceClient(tx, context, id);
  });
  dropClient(deps, context, id);
  return secret;
}
