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
    const owners = resources.filter((resource) => knows(resource, scope));
    if (owners.length === 0) return asked.includes(tenant.issuer);
    return owners.some(({ identifier }) => asked.includes(identifier));
  });
}

/**
 * RFC 8707 2: the resources that the scopes belong to, where none is named: the one that has all of those that any has, else all
 * that have one. None where no resource has any of the scopes: then the tenant's default is meant.
 */
export function impliedResources(scopes: readonly string[], resources: readonly Resource[]): readonly string[] {
  const owned = scopes.filter((scope) => resources.some((resource) => knows(resource, scope)));
  const owners = resources.filter((resource) => owned.some((scope) => knows(resource, scope)));
  const whole = owners.filter((resource) => owned.every((scope) => knows(resource, scope)));
  return (whole.length === 1 ? whole : owners).map(({ identifier }) => identifier);
}

function knows({ scopes }: Resource, scope: string): boolean {
  return scopes.some(({ name }) => name === scope);
}
