// The service accounts whom administrators name, and lists of them.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import type { User } from '../../domain/user.ts';
import * as storage from '../../storage/service-accounts.ts';
import { findUserByUsername } from '../../storage/users.ts';

export type { ListedService } from '../../storage/service-accounts.ts';

/** @throws Refusal not_found, also for the name of a person. */
export async function findService(deps: Deps, { tenant }: RequestContext, username: string): Promise<User> {
  const user = await findUserByUsername(deps.db, tenant.id, username);
  if (user?.kind !== 'service') throw noSuchService(username);
  return user;
}

export function noSuchService(username: string): Refusal {
  return new Refusal('not_found', `There is no service account ${username}.`);
}

/** By name, those behind the username `after`. */
export async function listServices(
  deps: Deps,
  { tenant, now }: RequestContext,
  { after = '', limit }: { after?: string | undefined; limit: number },
): Promise<Page<storage.ListedService>> {
  return firstPage(await storage.listServices(deps.db, tenant.id, { after, limit: limit + 1 }, now), limit);
}
