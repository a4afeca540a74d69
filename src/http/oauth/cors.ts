// Cross-origin reading: token, UserInfo and revocation answers for the origins of registered redirect URIs, nobody else.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../../deps.ts';
import { isClientOrigin } from '../../flows/clients/current.ts';

/** The Fetch standard's CORS protocol for this scope. No credentials: nothing here looks at cookies. */
export function allowClientOrigins(scope: FastifyInstance, deps: Deps): void {
  scope.addHook('onRequest', async (request, reply) => {
    void reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !(await isClientOrigin(deps, request.tenant, origin))) return;
    void reply.header('access-control-allow-origin', origin);
    void reply.header('access-control-expose-headers', 'WWW-Authenticate, Retry-After');
  });
}

/** Answers the preflight of `path`: only an origin that may read the answer is told that it may ask. */
export function answerPreflight(scope: FastifyInstance, path: string, methods: string): void {
  scope.options(path, (_request, reply) => {
    if (reply.hasHeader('access-control-allow-origin')) {
      void reply.headers({
        'access-control-allow-methods': methods,
        'access-control-allow-headers': 'Authorization, Content-Type',
        'access-control-max-age': '600',
      });
    }
    return reply.code(204).send();
  });
}
