// Of which names a password must not be made.
import type { Deps } from '../../deps.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { clientNames } from '../../storage/client-list.ts';

const claimsWithNames = ['name', 'given_name', 'family_name', 'nickname', 'preferred_username'] as const;

/** A tenant with more clients is spared the time that more names take; nobody guesses the names of thousands. */
const mostClients = 60;

/** The person's own names, the tenant's and its clients'. `claims`: by their OpenID Connect names. One statement. */
export async function namesAround(
  deps: Pick<Deps, 'db'>,
  tenant: Pick<Tenant, 'slug' | 'name'> & { readonly id?: string; readonly issuer?: string },
  { username, email, claims = {} }: { username: string; email?: string | undefined; claims?: object },
  /** Of clients that come with it. */
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const claimed = claimsWithNames.map((name) => (claims as Record<string, unknown>)[name]);
  const host = tenant.issuer === undefined ? undefined : new URL(tenant.issuer).hostname;
  const clients = tenant.id === undefined ? [] : await clientNames(deps.db, tenant.id, mostClients);
  const names = [
    username,
    email,
    ...claimed,
    tenant.slug,
    tenant.name,
    host,
    ...more.slice(0, mostClients),
    ...clients,
  ];
  return names.filter((name): name is string => typeof name === 'string');
}
