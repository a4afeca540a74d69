// POST /oauth/introspect.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { introspect } from '../../flows/tokens/introspect.ts';
import { contextOf } from '../context.ts';
import { bodyParams } from '../forms.ts';
import { apiHeaders } from '../headers.ts';

/** RFC 7662 2.1. */
export function introspection(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const credentials = { authorization: request.headers.authorization, params: bodyParams(request) };
    return introspect(deps, contextOf(deps, request), credentials);
  };
}
