// The clients of a tenant, for administrators.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import * as storage from '../../storage/clients.ts';

/** By their ids, those behind `after`. */
export async function listClients(
  deps: Deps,
  { tenant }: RequestContext,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<Page<Client>> {
  return firstPage(await storage.listClients(deps.db, tenant.id, after, limit + 1), limit);
}

/** As it stands in the database now, disabled or not. @throws Refusal not_found. */
export async function findNamedClient(deps: Deps, { tenant }: RequestContext, id: string): Promise<Client> {
  const client = await storage.findClient(deps.db, tenant.id, id);
  if (!client) throw noSuchClient(id);
  return client;
}

export function noSuchClient(id: string): Refusal {
  return new Refusal('not_found', `There is no client ${id}.`);
}
