// POST /auth/password/forgot.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { resetLinkFor } from '../../domain/outbox.ts';
import { forgotPassword } from '../../flows/recovery/forgot.ts';
import { checkedForgotten } from '../../schemas/first-party.ts';
import { contextOf } from '../context.ts';
import { apiHeaders } from '../headers.ts';

/** The same answer, whoever has the address. `expires_in`: of the link, in seconds. */
export function passwordForgot(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { email, device: known } = checkedForgotten(request.body);
    await forgotPassword(deps, contextOf(deps, request), { email, known });
    return reply.code(202).send({ expires_in: resetLinkFor / 1000 });
  };
}
