// Administrators rescued by whoever runs the server.
import type { Deps } from '../../deps.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import { isSecondFactor } from '../../domain/factors.ts';
import type { User } from '../../domain/user.ts';
import { secondFactorsOf } from '../../storage/second-factors.ts';
import { type Ended, setUserDisabled, setUserFields } from '../../storage/users.ts';
import { record } from '../events.ts';
import { forgetAttempts } from '../sign-in/limiter.ts';
import { replacePassword, type ToChange } from './passwords.ts';

/** `user` as they were before. */
export type Rescued = {
  readonly user: User;
  readonly wasDisabled: boolean;
  readonly roleAdded: boolean;
  /** They have one, and are still asked for it. */
  readonly hasSecondFactor: boolean;
  readonly ended: Ended;
};

/**
 * Lets the user in as an owner: enabled, with the role and a new password, and wrong ones before are forgotten. Only
 * the count of a network stays, because it is not of one user: from there it may take a minute. Whoever was signed in as
 * them is not any more. @throws Refusal not_found, invalid_input.
 */
export function resetAdministrator(
  deps: Deps,
  context: RequestContext,
  named: string,
  password: string,
  toChange: ToChange = {},
): Promise<Rescued> {
  const { tenant, now } = context;
  return replacePassword(deps, context, { named, password, ...toChange }, async (tx, user, ended) => {
    const { id } = user;
    const roleAdded = !user.adminRoles.includes(ownerRole);
    if (roleAdded)
      await setUserFields(tx, tenant.id, id, { ...user, adminRoles: [...user.adminRoles, ownerRole] }, now);
    if (user.disabled) await setUserDisabled(tx, tenant.id, id, false, now);
    await forgetAttempts(tx, tenant.id, user);
    await record(deps, tx, context, {
      type: 'admin.reset',
      userId: id,
      data: { enabled: user.disabled, role_added: roleAdded, ...ended },
    });
    const methods = (await secondFactorsOf(tx, tenant.id, id)).map(({ method }) => method);
    return { user, wasDisabled: user.disabled, roleAdded, hasSecondFactor: isSecondFactor(methods), ended };
  });
}
