// "Back to the application", on the pages of a sign-in.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import { cancelSignIn } from '../../flows/authorize/cancel.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { sendAuthorizationResponse } from './authorization-response.ts';

/** Tells the client that waits; without one, back to the front door. */
export async function cancel(deps: Deps, request: FastifyRequest, reply: FastifyReply, attemptId: string | undefined) {
  const cookies = readCookies(request);
  const response = await cancelSignIn(deps, contextOf(deps, request), { attemptId, cookies });
  return response
    ? sendAuthorizationResponse(deps, request, reply, response)
    : reply.redirect(`${basePath(request.tenant)}/sign-in`, 303);
}
