// Who may do what at the admin API: its scopes, the roles that are sets of them, and whom their holder may reach.

/** What the admin API administers; each is a path below it and two scopes. */
export const adminResources = [
  'users',
  'service-accounts',
  'clients',
  'resources',
  'roles',
  'sessions',
  'grants',
  'tokens',
  'signing-keys',
  'settings',
  'audit-events',
  'tenants',
] as const;
export type AdminResource = (typeof adminResources)[number];
export type AdminScope = `admin:${AdminResource}:${'read' | 'write'}`;

/** What happened is not changed, and tokens are not listed. */
const without: readonly string[] = ['admin:audit-events:write', 'admin:tokens:read'];

/** Every scope of the admin API. */
export const adminScopes: readonly AdminScope[] = adminResources
  .flatMap((resource) => [`admin:${resource}:read` as const, `admin:${resource}:write` as const])
  .filter((scope) => !without.includes(scope));

/** Only the default tenant has others below it. */
const ofTenants: readonly AdminScope[] = ['admin:tenants:read', 'admin:tenants:write'];

/** Every scope that means something in a tenant. */
export function adminScopesIn({ slug }: { readonly slug: string }): readonly AdminScope[] {
  return slug === 'default' ? adminScopes : adminScopes.filter((scope) => !ofTenants.includes(scope));
}

export function isAdminScope(scope: string): scope is AdminScope {
  return (adminScopes as readonly string[]).includes(scope);
}

/** Whoever has it may do everything in their tenant; in the `default` tenant, make others as well. */
export const ownerRole = 'owner';

const readsAll = adminScopes.filter((scope) => scope.endsWith(':read') && !ofTenants.includes(scope));

/** The roles that every tenant has, with what each may do. */
export const builtInAdminRoles = {
  [ownerRole]: { description: 'Everything in the tenant.', scopes: adminScopes },
  administrator: {
    description: 'Everything but tenants; roles, signing keys and settings are read only.',
    scopes: [
      ...readsAll,
      'admin:users:write',
      'admin:service-accounts:write',
      'admin:clients:write',
      'admin:resources:write',
      'admin:sessions:write',
      'admin:grants:write',
      'admin:tokens:write',
    ],
  },
  user_manager: {
    description: 'People, with their sessions and grants.',
    scopes: [
      'admin:users:read',
      'admin:users:write',
      'admin:sessions:read',
      'admin:sessions:write',
      'admin:grants:read',
      'admin:grants:write',
    ],
  },
  auditor: { description: 'Reads everything but tenants, and changes nothing.', scopes: readsAll },
} as const satisfies Record<string, AdminRole>;

/** A role at the admin API: a set of its scopes. */
export type AdminRole = { readonly description?: string; readonly scopes: readonly AdminScope[] };

/** Roles of a tenant's own, by name. */
export type AdminRoles = Readonly<Record<string, AdminRole>>;

/** Of what a role is named. */
export const adminRolePattern = '^[a-z][a-z0-9_-]{0,49}$';

export function isBuiltInAdminRole(name: string): name is keyof typeof builtInAdminRoles {
  return Object.hasOwn(builtInAdminRoles, name);
}

/** What a tenant's roles depend on. */
export type AdminRolesOf = { readonly slug: string; readonly settings: { readonly admin_roles: AdminRoles } };

/** The role, whether every tenant has it or this one. */
export function adminRoleNamed({ settings }: AdminRolesOf, name: string): AdminRole | undefined {
  if (isBuiltInAdminRole(name)) return builtInAdminRoles[name];
  return Object.hasOwn(settings.admin_roles, name) ? settings.admin_roles[name] : undefined;
}

/** Which scopes somebody holds. */
export type Rights = ReadonlySet<AdminScope>;

export const noRights: Rights = new Set();

/** What the roles allow in the tenant. A role that does not exist any more allows nothing. */
export function rightsOfRoles(tenant: AdminRolesOf, roles: readonly string[]): Rights {
  if (roles.length === 0) return noRights;
  const possible = adminScopesIn(tenant);
  const given = new Set(roles.flatMap((name) => adminRoleNamed(tenant, name)?.scopes ?? []));
  return new Set(possible.filter((scope) => given.has(scope)));
}

/** Of `rights`, those that `scopes` name as well. */
export function narrowedTo(rights: Rights, scopes: readonly string[]): Rights {
  return new Set([...rights].filter((scope) => scopes.includes(scope)));
}

/**
 * Whether whoever holds `rights` may grant, or get at, what `others` allow: nobody reaches what they do not hold. What writes
 * something includes reading it.
 */
export function covers(rights: Rights, others: Rights): boolean {
  return [...others].every(
    (scope) => rights.has(scope) || (scope.endsWith(':read') && rights.has(`${scope.slice(0, -4)}write` as AdminScope)),
  );
}
