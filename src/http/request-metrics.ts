// Reports every answered request to the metrics.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { unmeasured } from '../domain/metrics.ts';

export function measureRequests(app: FastifyInstance, deps: Deps): void {
  const { metrics } = deps;
  if (metrics === unmeasured) return;
  app.addHook('onResponse', (request, reply, done) => {
    metrics.request(request.routeOptions.url, request.method, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}
