// Of which names a person's password must not be made.
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';

/** The person's own, and the tenant's. */
export function namesAround(tenant: Tenant, { username, email, claims }: User): readonly string[] {
  const own = [username, email, claims['name'], claims['given_name'], claims['family_name'], claims['nickname']];
  const names = [...own, tenant.slug, tenant.name, new URL(tenant.issuer).hostname];
  return names.filter((name): name is string => typeof name === 'string');
}
