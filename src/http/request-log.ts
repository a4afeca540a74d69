// One line for each request: the route it took, never its address, query, headers or body, which may hold secrets.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { addressOf } from './address.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Programs read this all the time: an answer without an error is worth a line at `debug` only. */
    readonly everyday?: boolean;
  }
}

export function logRequests(app: FastifyInstance, deps: Deps): void {
  app.addHook('onResponse', (request, reply, done) => {
    const level = request.routeOptions.config.everyday === true && reply.statusCode < 400 ? 'debug' : 'info';
    if (!deps.log.isLevelEnabled(level)) return done();
    const { tenant } = request as { tenant?: { slug: string } };
    deps.log[level]({
      reqId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      ...(tenant ? { tenant: tenant.slug } : {}),
      ip: addressOf(request),
    });
    done();
  });
}
