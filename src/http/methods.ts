// Routes that know which methods they answer: every other method is a 405 that says so.
import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import { Refusal } from '../domain/errors.ts';
import type { Audience } from './audience.ts';

type Handlers = {
  readonly GET?: RouteHandlerMethod;
  readonly POST?: RouteHandlerMethod;
  readonly PUT?: RouteHandlerMethod;
  readonly PATCH?: RouteHandlerMethod;
  readonly DELETE?: RouteHandlerMethod;
};

/**
 * Registers `handlers` at `path`. `head`: HEAD is answered like GET; elsewhere it is not a request to act on. `everyday`:
 * answers without an error are not worth a line in the log. `for`: whose requests, where somebody else's share the address.
 */
export function route(
  scope: FastifyInstance,
  path: string,
  handlers: Handlers,
  options: { head?: boolean; cors?: boolean; everyday?: boolean; for?: Audience } = {},
): void {
  const allowed: string[] = [];
  const config = { everyday: options.everyday === true };
  const constraints = options.for === undefined ? {} : { for: options.for };
  for (const [method, handler] of Object.entries(handlers)) {
    scope.route({ method, url: path, handler, config, constraints, exposeHeadRoute: options.head === true });
    allowed.push(method);
    if (method === 'GET' && options.head) allowed.push('HEAD');
  }
  if (options.cors) allowed.push('OPTIONS');
  const allow = allowed.join(', ');
  const rest = scope.supportedMethods.filter((method) => !allowed.includes(method));
  scope.route({
    method: rest,
    url: path,
    constraints,
    onRequest: (_request, reply) => {
      void reply.header('allow', allow);
      return Promise.reject(new Refusal('method_not_allowed', `This address answers ${allow} only.`));
    },
    handler: () => {},
  });
}
