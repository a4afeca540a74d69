// Of which names a password must not be made.
import type { Tenant } from '../../domain/tenant.ts';

const claimsWithNames = ['name', 'given_name', 'family_name', 'nickname', 'preferred_username'] as const;

/** The person's own names, and the tenant's. `claims`: by their OpenID Connect names. */
export function namesAround(
  tenant: Pick<Tenant, 'slug' | 'name'> & { readonly issuer?: string },
  { username, email, claims = {} }: { username: string; email?: string | undefined; claims?: object },
): readonly string[] {
  const claimed = claimsWithNames.map((name) => (claims as Record<string, unknown>)[name]);
  const host = tenant.issuer === undefined ? undefined : new URL(tenant.issuer).hostname;
  const names = [username, email, ...claimed, tenant.slug, tenant.name, host];
  return names.filter((name): name is string => typeof name === 'string');
}
