// POST /auth/login, also /api/auth/login and /api/mobile/login.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { login as signIn } from '../../flows/first-party/login.ts';
import { checkedLogin } from '../../schemas/first-party.ts';
import { contextOf } from '../context.ts';
import { apiHeaders } from '../headers.ts';

export function login(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { authorization } = request.headers;
    return signIn(deps, contextOf(deps, request), { authorization, ...checkedLogin(request.body) });
  };
}
