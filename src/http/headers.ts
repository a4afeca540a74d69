// Security headers: those of every answer, and those of each kind.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Tenant } from '../domain/tenant.ts';
import { isSecure } from './cookies.ts';

const common = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' };

/** What an answer that is no page may load or be in: nothing. */
const policy = { 'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'" };

/** RFC 6749 5.1: answers with tokens or about them are never kept by a cache. */
const unstored = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** RFC 6797 6.1. */
const hsts = { 'strict-transport-security': 'max-age=63072000; includeSubDomains' };

/**
 * For every answer, redirects and errors among them, so that none can forget them; without a word about caches it is kept by
 * none. `isHttps`: how people reach the server, for answers that belong to no tenant.
 */
export function addCommonHeaders(app: FastifyInstance, isHttps: boolean): void {
  app.addHook('onSend', (request, reply, _payload, done) => {
    const { tenant } = request as { tenant?: Tenant };
    void reply.headers(common);
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    if (!reply.hasHeader('content-security-policy')) void reply.headers(policy);
    if (tenant ? isSecure(tenant) : isHttps) void reply.headers(hsts);
    done();
  });
}

/** For what is refused before any hook has run. */
export function headersWithoutRequest(isHttps: boolean): Record<string, string> {
  return { ...common, ...policy, ...unstored, ...(isHttps && hsts) };
}

/** For JSON that is nobody else's business. */
export function apiHeaders(reply: FastifyReply): void {
  void reply.headers(unstored);
}

/** For documents that everybody may read and keep for `maxAge` seconds. */
export function documentHeaders(reply: FastifyReply, maxAge: number): void {
  void reply.headers({ 'cache-control': `public, max-age=${maxAge}`, 'access-control-allow-origin': '*' });
}

/**
 * For pages. No form-action: Chromium applies it to the redirect after a form as well, which would block the way back to
 * the client. `connects`: it may ask this origin. `source`: the one script that may run (Content Security Policy 3, 2.3.1: `nonce-…`, `sha256-…`).
 */
export function pageHeaders(reply: FastifyReply, source?: string, options: { connects?: boolean } = {}): void {
  void reply.headers(headersOfPage(source, options));
}

/** The same for a page that is sent before there is a request. */
export function headersOfPage(source?: string, { connects = false } = {}): Record<string, string> {
  const script = source === undefined ? '' : ` script-src '${source}';${connects ? " connect-src 'self';" : ''}`;
  return {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self' data: https:;${script} base-uri 'none'; frame-ancestors 'none'`,
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  };
}
