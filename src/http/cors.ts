// Cross-origin reading: answers for the origins of registered redirect URIs, nobody else.
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import type { Tenant } from '../domain/tenant.ts';

/** Whether browser code of `origin` may read the answers. */
type IsAllowed = (deps: Deps, tenant: Tenant, origin: string) => Promise<boolean>;

/** The Fetch standard's CORS protocol for this scope. No credentials: nothing here looks at cookies. */
export function allowOrigins(scope: FastifyInstance, deps: Deps, isAllowed: IsAllowed): void {
  scope.addHook('onRequest', async (request, reply) => {
    void reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !(await isAllowed(deps, request.tenant, origin))) return;
    void reply.header('access-control-allow-origin', origin);
    void reply.header('access-control-expose-headers', 'WWW-Authenticate, Retry-After');
  });
}

/** Answers the preflight of `path`, which may be sent `header` as well: only an origin that may read the answer is told that it may ask. */
export function answerPreflight(scope: FastifyInstance, path: string, methods: string, header?: string): void {
  scope.options(path, (_request, reply) => {
    if (reply.hasHeader('access-control-allow-origin')) {
      void reply.headers({
        'access-control-allow-methods': methods,
        'access-control-allow-headers': `Authorization, Content-Type${header === undefined ? '' : `, ${header}`}`,
        'access-control-max-age': '600',
      });
    }
    return reply.code(204).send();
  });
}
