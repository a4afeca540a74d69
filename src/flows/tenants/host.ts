// A tenant at a host of its own: the issuer that this makes, and why it may not be.
import { isLoopbackHost } from '../../domain/redirect-uri.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { Db } from '../../storage/database.ts';
import { findTenantByHost } from '../../storage/tenants.ts';

export const hostChanged = 'cannot change, because it stands in the issuer of every token: remove it';

/** The issuer of a tenant with a host of its own: the scheme is that of PUBLIC_URL. */
export function issuerAtHost(publicUrl: string, host: string): string {
  return `${new URL(publicUrl).protocol}//${host}`;
}

/** Why `tenant` (undefined: one that is to be made) cannot have this host; undefined when it can. */
export async function hostProblem(
  db: Db,
  publicUrl: string,
  tenant: Tenant | undefined,
  host: string,
): Promise<string | undefined> {
  if (tenant) return host === tenant.host ? undefined : hostChanged;
  const holder = await findTenantByHost(db, host);
  if (holder) return `is the host of the tenant ${holder.slug}: give another`;
  const issuer = issuerAtHost(publicUrl, host);
  if (URL.parse(issuer)?.protocol !== 'http:' || isLoopbackHost(new URL(issuer).hostname)) return undefined;
  return `would make the issuer ${issuer}, and http is safe on loopback hosts only: a public host needs a server whose PUBLIC_URL is https`;
}
