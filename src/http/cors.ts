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

/** What programs in browsers send without meaning it for us: their tracing, and what libraries add. None of it changes an answer. */
const harmless = [
  'Accept',
  'Accept-Language',
  'Cache-Control',
  'Pragma',
  'X-Requested-With',
  'traceparent',
  'tracestate',
  'baggage',
  'sentry-trace',
  'newrelic',
  'x-datadog-origin',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-datadog-trace-id',
].join(', ');

/** Seconds that a browser may remember a preflight. */
const preflightMaxAge = '600';

/** What everybody may read, without credentials: a page that sends a header of its own asks first. */
export function answerDocumentPreflight(scope: FastifyInstance, path: string): void {
  scope.options(path, (_request, reply) =>
    reply
      .headers({
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-headers': `Authorization, Content-Type, If-None-Match, ${harmless}`,
        'access-control-max-age': preflightMaxAge,
      })
      .code(204)
      .send(),
  );
}

/** Answers the preflight of `path`, which may be sent `header` as well: only an origin that may read the answer is told that it may ask. */
export function answerPreflight(scope: FastifyInstance, path: string, methods: string, header?: string): void {
  scope.options(path, (_request, reply) => {
    if (reply.hasHeader('access-control-allow-origin')) {
      void reply.headers({
        'access-control-allow-methods': methods,
        'access-control-allow-headers': `Authorization, Content-Type, ${header === undefined ? '' : `${header}, `}${harmless}`,
        'access-control-max-age': preflightMaxAge,
      });
    }
    return reply.code(204).send();
  });
}
