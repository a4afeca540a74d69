// The users whom administrators name, and lists of them.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import type { User } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import * as storage from '../../storage/user-list.ts';
import { findUser, findUserForSignIn } from '../../storage/users.ts';

/** By id, username or e-mail address; the id first, because nobody can choose it. @throws Refusal not_found. */
export async function findNamedUser(deps: Deps, { tenant }: RequestContext, named: string): Promise<User> {
  const byId = isUuid(named) ? await findUser(deps.db, tenant.id, named) : undefined;
  const user = byId ?? (await findUserForSignIn(deps.db, tenant.id, named));
  if (!user) throw noSuchUser(named);
  return user;
}

export function noSuchUser(named: string): Refusal {
  return new Refusal('not_found', `There is no user ${named}.`);
}

/** Users by name, those behind the username `after`. With `search`: whose username, e-mail address or name contains it. */
export async function listUsers(
  deps: Deps,
  { tenant }: RequestContext,
  { search, after = '', limit }: { search?: string | undefined; after?: string | undefined; limit: number },
): Promise<Page<User>> {
  return firstPage(await storage.listUsers(deps.db, tenant.id, { search, after, limit: limit + 1 }), limit);
}
