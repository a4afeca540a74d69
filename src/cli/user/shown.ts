// A user as commands show one.
import type { User } from '../../domain/user.ts';
import type { Ended, ToChange } from '../../flows/users/passwords.ts';
import { passwordToChangeFor } from '../../domain/user.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import { type Column, counted, visible } from '../frame/output.ts';
import type { GivenPassword } from '../frame/password.ts';

/** For scripts: the names of OpenID Connect and of provisioning files. */
export function userForScripts(user: User) {
  const { id, username, email, emailVerified, claims, roles, adminRoles, groups, disabled } = user;
  const name = claims['name'];
  return {
    id,
    username,
    email,
    email_verified: emailVerified,
    name: typeof name === 'string' ? name : undefined,
    roles,
    admin_roles: adminRoles,
    groups,
    disabled,
  };
}

export const userColumns: readonly Column<ReturnType<typeof userForScripts>>[] = [
  { head: 'Username', of: (user) => user.username },
  { head: 'E-mail', of: (user) => user.email },
  { head: 'Name', of: (user) => user.name },
  { head: 'Roles', of: rolesInWords },
  { head: 'State', of: (user) => (user.disabled ? 'disabled' : 'enabled') },
];

/** Those at the admin API are marked: an application may have an `owner` as well. */
function rolesInWords(user: { readonly roles: readonly string[]; readonly admin_roles: readonly string[] }) {
  return [...user.roles, ...user.admin_roles.map((role) => `${role} (admin)`)].join(', ') || undefined;
}

/** What ended with a password, a user or a client, for scripts. */
export function endedForScripts({ sessions, grants }: Ended) {
  return { sessions_ended: sessions, grants_revoked: grants };
}

/** The same in words. */
export function endedInWords({ sessions, grants }: Ended): string {
  return `${counted(sessions, 'session')} and ${counted(grants, 'grant')} ended`;
}

export function madeInWords({ id, username, adminRoles }: User, given: GivenPassword): string {
  const what = adminRoles.includes(ownerRole) ? 'owner' : adminRoles.length > 0 ? 'administrator' : 'user';
  return [
    `Made the ${what} ${visible(username)}, whose id is ${id}.`,
    ...passwordInWords(given, { mustChange: given.generated }),
  ].join('\n');
}

/** Lines with a password that nobody knows yet, and what its person must do with it. */
export function passwordInWords({ password, generated }: GivenPassword, { mustChange = false }: ToChange): string[] {
  const days = passwordToChangeFor / 86_400_000;
  return [
    ...(generated ? [`The password, shown only now: ${password}`] : []),
    ...(mustChange ? [`It must be changed at the first sign-in, and ends in ${days} days.`] : []),
  ];
}

/** How commands explain the argument that names a user. */
export const userArgument = 'the username, e-mail address or id';
