// POST /oauth/revoke.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { revokeToken } from '../../flows/revoke.ts';
import { contextOf } from '../context.ts';
import { bodyParams } from '../forms.ts';
import { apiHeaders } from '../headers.ts';

/** RFC 7009 2. */
export function revoke(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    await revokeToken(deps, contextOf(deps, request), {
      authorization: request.headers.authorization,
      params: bodyParams(request),
    });
    return reply.code(200).send();
  };
}
