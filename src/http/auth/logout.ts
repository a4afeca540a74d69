// POST /auth/logout.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { invalidInput, OAuthError } from '../../domain/errors.ts';
import { logoutByAccessToken, logoutByRefreshToken } from '../../flows/first-party/logout.ts';
import { checkedLogout } from '../../schemas/first-party.ts';
import { bearerOf } from '../bearer.ts';
import { contextOf } from '../context.ts';
import { apiHeaders } from '../headers.ts';

/** With a Bearer and an empty body or none, or with a refresh token. */
export function logout(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const context = contextOf(deps, request);
    const { authorization } = request.headers;
    const { refresh_token: refreshToken, ...client } = checkedLogout(request.body ?? {});
    const accessToken = bearerOf(authorization);
    if (accessToken !== undefined) {
      if (refreshToken !== undefined)
        throw invalidInput([{ path: ['refresh_token'], problem: 'stands beside a Bearer: send one of them' }]);
      await logoutByAccessToken(deps, context, accessToken);
    } else {
      if (refreshToken === undefined)
        throw new OAuthError('invalid_token', 'Send the access token as Bearer, or refresh_token in the body.');
      await logoutByRefreshToken(deps, context, { authorization, ...client, refresh_token: refreshToken });
    }
    return reply.code(204).send();
  };
}
