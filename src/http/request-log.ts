// One line for each request: the route it took, never its address, query, headers or body, which may hold secrets.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { discoveryPaths, endpoints } from '../domain/endpoints.ts';
import { nearest } from '../domain/nearest.ts';
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
      ...(request.routeOptions.url === undefined && nearTo(request.url)),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      ...(tenant ? { tenant: tenant.slug } : {}),
      ip: addressOf(request),
    });
    done();
  });
}

/** Letters in which an address may differ from one that there is, to be taken for it. */
const farthest = 4;

const known = [...Object.values(endpoints), ...discoveryPaths];

/** Which address of ours was probably meant: whoever configures a client finds the mistake, and nothing that was sent is in the log. */
function nearTo(address: string): { near?: string } {
  const path = address.split('?', 1)[0]!.replace(/^\/t\/[^/]*/, '');
  if (path.length > 60) return {};
  const { name, distance } = nearest(path, known);
  return distance <= farthest ? { near: name } : {};
}
