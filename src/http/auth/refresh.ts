// POST /auth/refresh.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { refresh as rotate } from '../../flows/first-party/refresh.ts';
import { checkedRefresh } from '../../schemas/first-party.ts';
import { contextOf } from '../context.ts';
import { apiHeaders } from '../headers.ts';

export function refresh(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { authorization } = request.headers;
    return rotate(deps, contextOf(deps, request), { authorization, ...checkedRefresh(request.body) });
  };
}
