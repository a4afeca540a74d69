// What a client may have that acts for itself.
import { type AdminRolesOf, isAdminScope, rightsOfRoles } from './admin-rights.ts';
import { type Client, scopesOf } from './client.ts';
import { standardScopes } from './scope.ts';

/** RFC 6749 4.4: the scopes of its registration that are about no person; at the admin API, all that its roles allow. */
export function machineScopes(
  tenant: AdminRolesOf,
  { metadata, adminRoles }: Pick<Client, 'metadata' | 'adminRoles'>,
): readonly string[] {
  const people: readonly string[] = standardScopes;
  const registered = scopesOf(metadata).filter((scope) => !people.includes(scope) && !isAdminScope(scope));
  return [...registered, ...rightsOfRoles(tenant, adminRoles)];
}
