// Security headers, by the kind of answer.
import type { FastifyReply } from 'fastify';
import type { Tenant } from '../domain/tenant.ts';
import { isSecure } from './cookies.ts';

const everywhere = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' };

const api = { ...everywhere, 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" };

/** RFC 6749 5.1: answers with tokens or about them are never kept by a cache. */
const unstored = { 'cache-control': 'no-store', pragma: 'no-cache' };

const hsts = 'max-age=63072000; includeSubDomains';

/** For JSON that is nobody else's business. */
export function apiHeaders(reply: FastifyReply, tenant: Tenant | undefined): void {
  void reply.headers(api).headers(unstored);
  if (tenant && isSecure(tenant)) void reply.header('strict-transport-security', hsts);
}

/** For documents that everybody may read and keep for `maxAge` seconds. */
export function documentHeaders(reply: FastifyReply, tenant: Tenant, maxAge: number): void {
  void reply.headers(api).headers({ 'cache-control': `public, max-age=${maxAge}`, 'access-control-allow-origin': '*' });
  if (isSecure(tenant)) void reply.header('strict-transport-security', hsts);
}

/**
 * For pages. No form-action: Chromium applies it to the redirect after a form as well, which would block the way back to
 * the client. `nonce` allows one inline script.
 */
export function pageHeaders(reply: FastifyReply, tenant: Tenant | undefined, nonce?: string): void {
  const script = nonce === undefined ? '' : ` script-src 'nonce-${nonce}';`;
  void reply.headers(everywhere).headers({
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'self'; img-src 'self' data: https:;${script} base-uri 'none'; frame-ancestors 'none'`,
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  });
  if (tenant && isSecure(tenant)) void reply.header('strict-transport-security', hsts);
}
