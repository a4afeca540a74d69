// What a client may ask for: scopes of its registration, resources of the tenant.
import type { Deps } from '../../deps.ts';
import { defaultResourceOf, impliedResources } from '../../domain/audience.ts';
import { namedAmong } from '../../domain/resource.ts';
import type { Client } from '../../domain/client.ts';
import { isAboutPeople, neverUnasked, parseScope, standardScopes } from '../../domain/scope.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { resourcesWith } from './current.ts';

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

/** Why there is no resource that a token can be for: one that was named is not registered, or none was and several are meant. */
export type NoResource = { readonly problem: string };

/**
 * RFC 8707 2: those that were named, as they are registered, or the issuer; none named, the one that has the scopes that were asked
 * for. `openid` among them asks for what the issuer tells as well. Empty: the tenant's default is meant.
 */
export async function resourcesFor(
  deps: Deps,
  tenant: Tenant,
  { named, scopes }: { readonly named: readonly string[]; readonly scopes: readonly string[] },
): Promise<readonly string[] | NoResource> {
  const special = scopes.filter((scope) => !isAboutPeople(tenant, scope));
  const resources = await resourcesWith(deps, tenant, special);
  if (named.length > 0) {
    const known = [
      ...resources.map(({ identifier }) => identifier),
      tenant.issuer,
      defaultResourceOf(tenant, resources),
    ];
    const found = named.map((uri) => namedAmong(known, uri));
    return found.every((one) => one !== undefined)
      ? [...new Set(found)]
      : { problem: 'A resource that was asked for is not registered here.' };
  }
  const implied = impliedResources(special, resources);
  if (implied.length > 1) return { problem: 'The scopes belong to more than one resource: name the one in resource.' };
  return implied.length === 1 && scopes.includes('openid') ? [...implied, tenant.issuer] : implied;
}
