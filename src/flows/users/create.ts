// Makes a user who can sign in with a password.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import { findUserByUsername, findUserForSignIn } from '../../storage/users.ts';
import { alreadyThere } from '../../domain/errors.ts';
import { createByProvisioning } from '../provision/create.ts';
import { hashOfChosen } from './passwords.ts';

export type NewUser = {
  readonly username: string;
  readonly email?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  readonly name?: string | undefined;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly password: string;
};

/** @throws Refusal exists, invalid_input for the password; ProvisioningError with every other mistake. Nothing was made then. */
export async function createUser(deps: Deps, { tenant }: RequestContext, user: NewUser): Promise<User> {
  const { username, email, emailVerified, name, roles, groups } = user;
  if (await findUserByUsername(deps.db, tenant.id, username)) throw alreadyThere(`user ${username}`);
  if (email !== undefined && (await findUserForSignIn(deps.db, tenant.id, email)))
    throw alreadyThere(`user with the e-mail address ${email}`);
  const entry = {
    username,
    ...(email !== undefined && { email }),
    ...(emailVerified !== undefined && { email_verified: emailVerified }),
    ...(name !== undefined && { name }),
    roles: [...roles],
    groups: [...groups],
    password_hash: await hashOfChosen(deps, user.password),
  };
  await createByProvisioning(deps, { tenant: tenant.slug, users: [entry] });
  return (await findUserByUsername(deps.db, tenant.id, username))!;
}
