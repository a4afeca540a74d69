// Administrators made and rescued by whoever runs the server.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import {
  endEverythingOf,
  type Ended,
  lockUser,
  setPasswordHash,
  setUserDisabled,
  setUserFields,
} from '../../storage/users.ts';
import { record } from '../events.ts';
import { adminRole } from '../setup.ts';
import { forgetPasswordAttempts } from '../sign-in/limiter.ts';
import { createUser, type NewUser } from './create.ts';
import { findNamedUser, noSuchUser } from './find.ts';
import { hashOfChosen } from './passwords.ts';

/** Makes one more administrator, or the first. @throws what createUser throws. */
export function createAdministrator(deps: Deps, context: RequestContext, user: Omit<NewUser, 'roles'>): Promise<User> {
  return createUser(deps, context, { ...user, roles: [adminRole] });
}

export type Rescued = {
  readonly user: User;
  readonly enabled: boolean;
  readonly roleAdded: boolean;
  readonly ended: Ended;
};

/**
 * Lets the user in as an administrator: enabled, with the role and a new password, and wrong ones before are forgotten. Only
 * the count of a network stays, because it is not of one user: from there it may take a minute. Whoever was signed in as them is not any more. @throws Refusal not_found, invalid_input.
 */
export async function resetAdministrator(
  deps: Deps,
  context: RequestContext,
  named: string,
  password: string,
): Promise<Rescued> {
  const { tenant, now } = context;
  const { id } = await findNamedUser(deps, context, named);
  const hash = await hashOfChosen(deps, password);
  return deps.db.transaction(async (tx) => {
    const user = await lockUser(tx, tenant.id, id);
    if (!user) throw noSuchUser(named);
    const roleAdded = !user.roles.includes(adminRole);
    if (roleAdded) await setUserFields(tx, tenant.id, id, { ...user, roles: [...user.roles, adminRole] }, now);
    if (user.disabled) await setUserDisabled(tx, tenant.id, id, false, now);
    await setPasswordHash(tx, tenant.id, id, hash, now);
    const ended = await endEverythingOf(tx, tenant.id, id, 'password_changed', now);
    await forgetPasswordAttempts(tx, tenant.id, user);
    await record(deps, tx, context, {
      type: 'admin.reset',
      userId: id,
      data: { enabled: user.disabled, role_added: roleAdded, ...ended },
    });
    return { user, enabled: user.disabled, roleAdded, ended };
  });
}
