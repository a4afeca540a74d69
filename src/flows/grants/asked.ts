// What a token request asks for within what was granted.
import { OAuthError } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { parseScope } from '../../domain/scope.ts';
import { namedAmong } from '../../domain/resource.ts';
import type { Tenant } from '../../domain/tenant.ts';

/** RFC 6749 6: the scopes asked for, or undefined when none were. */
export function scopesAsked(params: Params): string[] | undefined {
  const scope = params.get('scope');
  if (scope === undefined) return undefined;
  const scopes = parseScope(scope);
  if (!scopes) throw new OAuthError('invalid_scope', 'scope is malformed.');
  return scopes;
}

/** RFC 8707 2.2: the resources asked for, which must be among the granted ones; none asked: all of these. */
export function resourcesAsked(tenant: Tenant, params: Params, granted: readonly string[]): readonly string[] {
  const asked = params.all('resource');
  if (asked.length === 0) return granted;
  const allowed = granted.length > 0 ? granted : [tenant.settings.default_resource ?? tenant.issuer];
  const meant = asked.map((uri) => namedAmong(allowed, uri));
  if (!meant.every((one) => one !== undefined)) throw new OAuthError('invalid_target', 'The resource was not granted.');
  return [...new Set(meant)];
}
