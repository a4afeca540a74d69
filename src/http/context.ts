// Which tenant a request is for, and the context that its flow gets.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { noRights } from '../domain/admin-rights.ts';
import type { RequestContext } from '../domain/context.ts';
import { Refusal } from '../domain/errors.ts';
import type { Tenant } from '../domain/tenant.ts';
import { addressOf } from './address.ts';
import { tenantOfRequest } from '../flows/tenants/find.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant this request is for; set before any handler of a tenant's scope runs. */
    tenant: Tenant;
  }
  interface FastifyInstance {
    /** The path of PUBLIC_URL, where the default tenant stands: empty, or such as `/id`. */
    readonly mountPath: string;
  }
}

/** Under which a tenant's scope is mounted: at the root of a host, and by slug. */
export const tenantPrefixes = ['', '/t/:slug'] as const;

/** Finds the tenant before anything else happens in this scope. An unknown tenant is a 404. */
export function findTenant(scope: FastifyInstance, deps: Deps): void {
  scope.addHook('onRequest', async (request) => {
    const { slug } = request.params as { slug?: string };
    // RFC 9112 3.2: Node takes the first, and a proxy in front may have taken the other.
    if (hasSeveralHosts(request.raw.rawHeaders)) throw new Refusal('malformed', 'The request has more than one Host.');
    const tenant = await tenantOfRequest(deps, hostOf(request), slug);
    if (!tenant) throw new Refusal('not_found', 'There is nothing here.');
    request.tenant = tenant;
  });
}

/** `rawHeaders`: names and values by turns. */
function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let found = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') found += 1;
  }
  return found > 1;
}

/** The circumstances that the flows need. Asks the clock: once per request. */
export function contextOf(deps: Deps, request: FastifyRequest): RequestContext {
  return {
    tenant: request.tenant,
    now: deps.clock(),
    requestId: request.id,
    ip: addressOf(request),
    userAgent: request.headers['user-agent'],
    acceptLanguage: request.headers['accept-language'],
    actor: { kind: 'visitor' },
    rights: noRights,
  };
}

/** The path under which this tenant's endpoints stand: empty, or such as `/t/{slug}`, `/id`, `/id/t/{slug}`. */
export function basePath(tenant: Tenant): string {
  return new URL(tenant.issuer).pathname.replace(/\/$/, '');
}

/**
 * The host that was asked for, as tenants are found by it: lower case, without the scheme's own port and a trailing dot.
 * From `Host` alone: a proxy passes it on, and nobody else's header decides. Empty for what can be no host.
 */
export function hostOf(request: FastifyRequest): string {
  const given = request.headers.host ?? '';
  // Nearly every request asks for the same host as the one before it.
  if (given !== lastGiven) [lastGiven, lastHost] = [given, hostNamed(given)];
  return lastHost;
}

let lastGiven = '';
let lastHost = '';

function hostNamed(given: string): string {
  const host = given
    .toLowerCase()
    .replace(/:(?:80|443)$/, '')
    .replace(/\.(?=:|$)/, '');
  return /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host) && host.length <= 260 ? host : '';
}
