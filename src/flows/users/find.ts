// The users whom administrators name, and lists of them.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { firstPage, type Page } from '../../domain/page.ts';
import type { User } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import * as storage from '../../storage/user-list.ts';
import type { Db } from '../../storage/database.ts';
import { findUser, findUserForSignIn, lockUser } from '../../storage/users.ts';
import { assertReaches } from '../reach.ts';

/** By id, username or e-mail address; the id first, because nobody can choose it. @throws Refusal not_found. */
export async function findNamedUser(deps: Deps, { tenant }: RequestContext, named: string): Promise<User> {
  const byId = isUuid(named) ? await findUser(deps.db, tenant.id, named) : undefined;
  const user = byId ?? (await findUserForSignIn(deps.db, tenant.id, named));
  if (!user) throw noSuchUser(named);
  return user;
}

/** The same, of people only: a service account signs in with keys. @throws Refusal not_found; invalid_input for a service account. */
export async function findNamedPerson(deps: Deps, context: RequestContext, named: string): Promise<User> {
  const user = await findNamedUser(deps, context, named);
  if (user.kind === 'person') return user;
  throw new Refusal(
    'invalid_input',
    `${user.username} is a service account: it signs in with keys, never with a password.`,
  );
}

/**
 * The user, whom nobody else changes until the transaction ends, if whoever asks holds what they may do.
 * @throws Refusal not_found, forbidden.
 */
export async function lockReachableUser(tx: Db, context: RequestContext, id: string, named: string): Promise<User> {
  const user = await lockUser(tx, context.tenant.id, id);
  if (!user) throw noSuchUser(named);
  assertReaches(context, user.adminRoles, `The user ${user.username}`);
  return user;
}

export function noSuchUser(named: string): Refusal {
  return new Refusal('not_found', `There is no user ${named}.`);
}

/** People by name, those behind the username `after`. With `search`: whose username, e-mail address or name contains it. */
export async function listUsers(
  deps: Deps,
  { tenant }: RequestContext,
  { search, after = '', limit }: { search?: string | undefined; after?: string | undefined; limit: number },
): Promise<Page<User>> {
  return firstPage(await storage.listUsers(deps.db, tenant.id, { search, after, limit: limit + 1 }), limit);
}
