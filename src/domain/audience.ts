// Whom an access token is for, and which of the granted scopes mean anything there.
import type { Resource } from './resource.ts';
import type { Tenant } from './tenant.ts';

/** RFC 9068 3: the resources asked for, else the tenant's default resource, which is the issuer unless set. */
export function audienceOf(tenant: Tenant, resources: readonly string[]): readonly string[] {
  return resources.length > 0 ? resources : [tenant.settings.default_resource ?? tenant.issuer];
}

/**
 * RFC 9700 2.3: the granted scopes that mean something to the resources asked for. None asked: all. Else those that the
 * resources register, and with the issuer among them also those that no resource registers (the OpenID Connect ones).
 */
export function scopesFor(
  tenant: Tenant,
  asked: readonly string[],
  granted: readonly string[],
  resources: readonly Resource[],
): readonly string[] {
  if (asked.length === 0) return granted;
  return granted.filter((scope) => {
    const owners = resources.filter((resource) => resource.scopes.some(({ name }) => name === scope));
    if (owners.length === 0) return asked.includes(tenant.issuer);
    return owners.some(({ identifier }) => asked.includes(identifier));
  });
}
