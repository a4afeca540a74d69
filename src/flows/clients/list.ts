// The clients of a tenant, for administrators.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import * as storage from '../../storage/client-list.ts';
import { findClient } from '../../storage/clients.ts';

/** By their ids, those behind `after`. `search`: whose id or name begins with it. */
export async function listClients(
  deps: Deps,
  { tenant }: RequestContext,
  { after = '', search, limit }: { after?: string | undefined; search?: string | undefined; limit: number },
): Promise<Page<Client>> {
  const rows =
    search === undefined
      ? await storage.listClients(deps.db, tenant.id, after, limit + 1)
      : await storage.searchClients(deps.db, tenant.id, { prefix: search, after, limit: limit + 1 });
  return firstPage(rows, limit);
}

/** As it stands in the database now, disabled or not. @throws Refusal not_found. */
export async function findNamedClient(deps: Deps, { tenant }: RequestContext, id: string): Promise<Client> {
  const client = await findClient(deps.db, tenant.id, id);
  if (!client) throw noSuchClient(id);
  return client;
}

export function noSuchClient(id: string): Refusal {
  return new Refusal('not_found', `There is no client ${id}.`);
}
