// The admin API as a resource (RFC 8707) that every tenant has: nobody registers it, and its scopes are no other API's.
import { adminPath } from './endpoints.ts';
import { adminScopesIn, type AdminScope, isAdminScope } from './admin-rights.ts';
import { isSameResource, type Resource } from './resource.ts';

/** The resource that administrators' tokens are for. Not every client of a tenant gets them. */
export function adminApiOf(issuer: string): string {
  return `${issuer}${adminPath}`;
}

/** `stored`: the tenant's own resources. */
export function withAdminApi(
  tenant: { readonly slug: string; readonly issuer: string },
  stored: readonly Resource[],
): readonly Resource[] {
  const identifier = adminApiOf(tenant.issuer);
  return [...stored.filter((one) => !isSameResource(one.identifier, identifier)), adminApi(identifier, tenant)];
}

function adminApi(identifier: string, tenant: { readonly slug: string }): Resource {
  return {
    identifier,
    name: 'Signet administration',
    scopes: adminScopesIn(tenant).map((name) => ({ name, description: adminScopeInWords(name) })),
    access_token_lifetime: longestAdminToken,
    access_token_signed_response_alg: undefined,
    access_token_type: undefined,
  };
}

/** Seconds: what gets lost is of use for so long at most. */
const longestAdminToken = 900;

/** What consent says, for people. */
function adminScopeInWords(scope: AdminScope): string {
  const [, resource, way] = scope.split(':') as [string, string, 'read' | 'write'];
  const things = resource.replaceAll('-', ' ');
  return way === 'read' ? `Administration: see ${things}` : `Administration: change ${things}`;
}

/** Why a tenant's own resource may not have this scope, or undefined. */
export function reservedScopeProblem(scope: string): string | undefined {
  return isAdminScope(scope) ? 'is a scope of the admin API, which every tenant has' : undefined;
}
