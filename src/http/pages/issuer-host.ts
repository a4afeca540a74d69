// Browsers that came by another name of this machine are led to the issuer's: cookies belong to one name, and each would have a session of its own.
import type { FastifyInstance } from 'fastify';
import { isLoopbackHost } from '../../domain/redirect-uri.ts';
import { hostOf } from '../context.ts';

/**
 * A navigation to another loopback name goes on at the issuer's, at the same path. Forms and programs are answered where they
 * came. Only on loopback: a proxy that puts a host of its own in place of the one that was asked for would send browsers in circles.
 */
export function leadToIssuerHost(scope: FastifyInstance): void {
  scope.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET' || request.headers['sec-fetch-mode'] !== 'navigate') return;
    const issuer = new URL(request.tenant.issuer);
    const asked = hostOf(request);
    if (asked === issuer.host || asked === '' || !isLoopbackHost(issuer.hostname)) return;
    // Null for a port that is none.
    const came = URL.parse(`${issuer.protocol}//${asked}`);
    const { originalUrl } = request;
    // On another port may be a proxy, or another process of the same issuer.
    if (came?.port !== issuer.port || !isLoopbackHost(came.hostname) || !originalUrl.startsWith('/')) return;
    await reply.redirect(issuer.origin + originalUrl, 307);
  });
}
