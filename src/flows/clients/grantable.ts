// What a client may ask for: scopes of its registration, resources of the tenant.
import type { Deps } from '../../deps.ts';
import { isResourceIdentifier } from '../../domain/resource.ts';
import type { Client } from '../../domain/client.ts';
import { neverUnasked, parseScope, standardScopes } from '../../domain/scope.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { tenantResources } from './current.ts';

/**
 * OpenID Connect Core 1.0 3.1.2.1: scopes that are not understood are ignored; none asked: the registered ones, but for
 * those that are given only when asked for (OWASP ASVS 10.4.11).
 * @returns undefined when none is left, or they are malformed.
 */
export function grantableScopes(client: Client, asked: string | undefined): string[] | undefined {
  const registered = parseScope(client.metadata.scope) ?? [...standardScopes];
  const scopes = asked === undefined ? registered.filter((scope) => !neverUnasked.includes(scope)) : parseScope(asked);
  const granted = scopes?.filter(
    (scope) =>
      registered.includes(scope) &&
      (scope !== 'offline_access' || client.metadata.grant_types.includes('refresh_token')),
  );
  return granted && granted.length > 0 ? granted : undefined;
}

/** RFC 8707 2: the issuer itself, or registered resources. @returns undefined when one is not. */
export async function registeredResources(
  deps: Deps,
  tenant: Tenant,
  given: readonly string[],
): Promise<string[] | undefined> {
  const asked = [...new Set(given)];
  if (asked.length === 0) return [];
  const known = new Set((await tenantResources(deps, tenant)).map(({ identifier }) => identifier));
  known.add(tenant.issuer).add(tenant.settings.default_resource ?? tenant.issuer);
  return asked.every((uri) => isResourceIdentifier(uri) && known.has(uri)) ? asked : undefined;
}
