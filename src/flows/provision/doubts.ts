// What is accepted and is probably a slip: roles that look like others, and scopes that nothing has. For files and for commands.
import type { Deps } from '../../deps.ts';
import { withAdminApi } from '../../domain/admin-api.ts';
import { builtInAdminRoles, ownerRole } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Resource } from '../../domain/resource.ts';
import { parseScope, standardScopes } from '../../domain/scope.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Db } from '../../storage/database.ts';
import { listResources } from '../../storage/resources.ts';
import { rolesInUse } from '../../storage/role-names.ts';

/** Everything that can be asked for in the tenant. `stored`: its own resources. */
export function scopesKnown(tenant: Tenant, stored: readonly Resource[]): ReadonlySet<string> {
  const ofResources = withAdminApi(tenant, stored).flatMap(({ scopes }) => scopes.map(({ name }) => name));
  return new Set([...standardScopes, ...Object.keys(tenant.settings.claim_scopes), ...ofResources]);
}

/** Those of a scope string that are not known. */
export function unownedScopes(scope: string, known: ReadonlySet<string>): string[] {
  return (parseScope(scope) ?? []).filter((one) => !known.has(one));
}

/** A misspelt scope opens nothing, and nobody is told. */
export async function scopeDoubts(deps: Deps, { tenant }: RequestContext, scope: string): Promise<string[]> {
  const unowned = unownedScopes(scope, scopesKnown(tenant, await listResources(deps.db, tenant.id)));
  return unowned.map((one) => `no resource has the scope ${one}, so that a token with it opens nothing`);
}

/** `admin` was one before administrators had roles of their own. */
function administrative(tenant: Tenant, role: string): string | undefined {
  const name = role.toLowerCase();
  const all = [...Object.keys(builtInAdminRoles), ...Object.keys(tenant.settings.admin_roles)];
  return name === 'admin' ? ownerRole : all.find((one) => one.toLowerCase() === name);
}

/** A role of applications that has the name of an administrative one. `how` says how that one is given. */
export function administrativeDoubts(
  tenant: Tenant,
  roles: readonly string[],
  how: (adminRole: string) => string,
): string[] {
  return roles.flatMap((role) => {
    const meant = administrative(tenant, role);
    return meant === undefined
      ? []
      : [`the role "${role}" is one of your applications' and administers nothing here; for that, ${how(meant)}`];
  });
}

/** Roles that somebody has in other letters. Looked for in the usual ways of writing, which an index finds. */
export async function spellingDoubts(db: Db, tenantId: string, roles: readonly string[]): Promise<string[]> {
  const given = [...new Set(roles)];
  const names = [...new Set([...given, ...given.flatMap(spellings)])];
  if (names.length === 0) return [];
  const used = await rolesInUse(db, tenantId, names);
  return given.flatMap((role) => {
    const others = used.filter((other) => other !== role && other.toLowerCase() === role.toLowerCase());
    if (others.length === 0) return [];
    const named = others.toSorted().map((other) => `"${other}"`);
    return [`the role "${role}" is another one than ${named.join(' and ')}, which people have already`];
  });
}

function spellings(role: string): string[] {
  const lower = role.toLowerCase();
  return [lower, lower.charAt(0).toUpperCase() + lower.slice(1), role.toUpperCase()];
}
