// What a mailed link or code proves beside who somebody is: that the address is theirs.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { removePassword } from '../../storage/passwords.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { endEverythingOf, findUserWithPassword, lockUser, markEmailVerified } from '../../storage/users.ts';
import { record } from '../events.ts';

/**
 * The person as they are once their address is proven. The first time, a password that was set before, perhaps by somebody who
 * only knew the address, is worth nothing any more, and what was signed in with it ends. A second factor stays: it is
 * still asked for, so whoever comes this far has it.
 * @returns undefined when they were disabled, or have another address, by now.
 */
export async function withProvenAddress(
  deps: Deps,
  context: RequestContext,
  user: UserWithPassword,
): Promise<UserWithPassword | undefined> {
  if (user.emailVerified) return user;
  const { tenant, now } = context;
  const acting = actingAs(context, 'user', user.id);
  await deps.db.transaction(async (tx) => {
    const locked = await lockUser(tx, tenant.id, user.id);
    if (!locked || locked.disabled || locked.email !== user.email || locked.emailVerified) return;
    await markEmailVerified(tx, tenant.id, user.id, now);
    const hadPassword = await removePassword(tx, tenant.id, user.id, now);
    const ended = await endEverythingOf(tx, tenant.id, user.id, 'password_changed', now);
    const data = { ...ended, password_removed: hadPassword };
    await record(deps, tx, acting, { type: 'user.email_verified', userId: user.id, data });
  });
  const proven = await findUserWithPassword(deps.db, tenant.id, user.id);
  return proven?.emailVerified && !proven.disabled && proven.email === user.email ? proven : undefined;
}
