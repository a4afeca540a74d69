// What a token request asks for within what was granted.
import type { Deps } from '../../deps.ts';
import { audienceOf } from '../../domain/audience.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { parseScope } from '../../domain/scope.ts';
import { namedAmong } from '../../domain/resource.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { tenantResources } from '../clients/current.ts';

/** RFC 6749 6: the scopes asked for, or undefined when none were. */
export function scopesAsked(params: Params): string[] | undefined {
  const scope = params.get('scope');
  if (scope === undefined) return undefined;
  const scopes = parseScope(scope);
  if (!scopes) throw new OAuthError('invalid_scope', 'scope is malformed.');
  return scopes;
}

/** RFC 8707 2.2: the resources asked for, which must be among the granted ones; none asked: all of these. */
export async function resourcesAsked(
  deps: Deps,
  tenant: Tenant,
  params: Params,
  granted: readonly string[],
): Promise<readonly string[]> {
  const asked = params.all('resource');
  if (asked.length === 0) return granted;
  const allowed = audienceOf(tenant, granted, await tenantResources(deps, tenant));
  const meant = asked.map((uri) => namedAmong(allowed, uri));
  if (!meant.every((one) => one !== undefined)) throw new OAuthError('invalid_target', 'The resource was not granted.');
  return [...new Set(meant)];
}
