// POST /oauth/token.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { exchange } from '../../flows/grants/exchange.ts';
import { contextOf } from '../context.ts';
import { bodyParams } from '../forms.ts';
import { apiHeaders } from '../headers.ts';

/** RFC 6749 3.2. */
export function token(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    return exchange(deps, contextOf(deps, request), {
      authorization: request.headers.authorization,
      params: bodyParams(request),
    });
  };
}
