// POST /auth/password.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { OAuthError } from '../../domain/errors.ts';
import { changePassword } from '../../flows/first-party/password.ts';
import { checkedPasswordChange } from '../../schemas/first-party.ts';
import { bearerOf } from '../bearer.ts';
import { contextOf } from '../context.ts';
import { apiHeaders } from '../headers.ts';

export function password(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const accessToken = bearerOf(request.headers.authorization);
    if (accessToken === undefined) throw new OAuthError('invalid_token', 'Send the access token as Bearer.');
    const { current_password: current, new_password: wanted } = checkedPasswordChange(request.body);
    await changePassword(deps, contextOf(deps, request), accessToken, { current, wanted });
    return reply.code(204).send();
  };
}
