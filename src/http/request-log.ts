// One line for each request: the route it took, never its address, query, headers or body, which may hold secrets.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

export function logRequests(app: FastifyInstance, deps: Deps): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { tenant } = request as { tenant?: { slug: string } };
    deps.log.info({
      reqId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      ...(tenant ? { tenant: tenant.slug } : {}),
      ip: request.ip,
    });
    done();
  });
}
