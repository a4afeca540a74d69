// Disabling a user, which ends everything that is signed in or authorized for them, and enabling them again.
import type { Deps } from '../../deps.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { lockTenant } from '../../storage/tenants.ts';
import { endEverythingOf, type Ended, setUserDisabled, someOwnerCanSignIn } from '../../storage/users.ts';
import { record } from '../events.ts';
import { canRecover } from '../deliver/asked.ts';
import { findNamedUser, lockReachableUser } from './find.ts';

/**
 * Ends every session and grant of the user, who cannot sign in any more. `ended` is undefined when they were disabled
 * already. @throws Refusal not_found; last_administrator unless forced.
 */
export async function disableUser(
  deps: Deps,
  context: RequestContext,
  named: string,
  { force }: { force: boolean },
): Promise<{ user: User; ended: Ended | undefined }> {
  const { tenant, now } = context;
  const { id } = await findNamedUser(deps, context, named);
  return deps.db.transaction(async (tx) => {
    // Of two who disable the last two administrators at once, the second waits here, and sees what the first did.
    await lockTenant(tx, tenant.id);
    const user = await lockReachableUser(tx, context, id, named);
    if (user.disabled) return { user, ended: undefined };
    const disabling = () => setUserDisabled(tx, tenant.id, id, true, now);
    await (force ? disabling() : keepingAnOwner(deps, tx, context, user, disabling));
    const ended = await endEverythingOf(tx, tenant.id, id, 'user_disabled', now);
    await record(deps, tx, context, { type: 'user.disabled', userId: id, data: ended });
    return { user, ended };
  });
}

/** What was ended stays ended. `enabled` is false when they were not disabled. @throws Refusal not_found. */
export async function enableUser(
  deps: Deps,
  context: RequestContext,
  named: string,
): Promise<{ user: User; enabled: boolean }> {
  const { tenant, now } = context;
  const { id } = await findNamedUser(deps, context, named);
  return deps.db.transaction(async (tx) => {
    const user = await lockReachableUser(tx, context, id, named);
    if (!user.disabled) return { user, enabled: false };
    await setUserDisabled(tx, tenant.id, id, false, now);
    await record(deps, tx, context, { type: 'user.enabled', userId: id });
    return { user, enabled: true };
  });
}

/**
 * `work` on a user, under the tenant's lock if they are an owner.
 * @throws Refusal last_administrator when an owner could sign in before it, and none can after it.
 */
export async function keepingAnOwner<T>(
  deps: Deps,
  tx: Db,
  { tenant }: RequestContext,
  user: User,
  work: () => Promise<T>,
): Promise<T> {
  if (!user.adminRoles.includes(ownerRole)) return work();
  const byMail = canRecover(deps);
  const before = await someOwnerCanSignIn(tx, tenant.id, { byMail });
  const done = await work();
  if (before && !(await someOwnerCanSignIn(tx, tenant.id, { byMail }))) throw lastAdministrator(user);
  return done;
}

function lastAdministrator({ username }: User): Refusal {
  return new Refusal('last_administrator', `${username} is the last owner who can sign in: make another one first.`);
}
