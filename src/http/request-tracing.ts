// Puts every request into a span of its own, in which all its work is done.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { RequestSpan, Tracing } from '../domain/tracing.ts';

/** Before every other hook, so that what those do is inside as well. */
export function traceRequests(app: FastifyInstance, tracing: Tracing | undefined): void {
  if (!tracing) return;
  const spans = new WeakMap<FastifyRequest, RequestSpan>();
  app.addHook('onRequest', (request, _reply, done) => {
    const span = tracing.request({
      method: request.method,
      route: request.routeOptions.url,
      requestId: request.id,
      headers: request.headers,
      // More than one address is known only when a proxy that is believed has named another.
      viaTrustedProxy: (request.ips?.length ?? 0) > 1,
    });
    spans.set(request, span);
    span.within(done);
  });
  app.addHook('onResponse', (request, reply, done) => {
    spans.get(request)?.end(reply.statusCode);
    done();
  });
}
