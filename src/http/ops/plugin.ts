// What whoever runs the server asks it: is it alive, can it issue tokens.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import { isReady } from '../../flows/readiness.ts';
import { answerOAuthErrors } from '../oauth/errors.ts';
import { opsPaths } from '../../domain/endpoints.ts';
import { route } from '../methods.ts';

/** `isDraining`: the server was asked to end and sends new work elsewhere. */
export function opsScope(deps: Deps, isDraining: () => boolean) {
  return async (scope: FastifyInstance) => {
    answerOAuthErrors(scope, deps);
    const plain = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
    const live = (_request: FastifyRequest, reply: FastifyReply) => reply.headers(plain).send({ status: 'live' });
    route(scope, opsPaths[0], { GET: live }, { everyday: true });
    const ready = async (_request: FastifyRequest, reply: FastifyReply) => {
      void reply.headers(plain);
      if (isDraining()) return reply.code(503).send({ status: 'draining' });
      return (await isReady(deps)) ? { status: 'ready' } : reply.code(503).send({ status: 'not ready' });
    };
    route(scope, opsPaths[1], { GET: ready }, { everyday: true });
  };
}
