// GET and POST /oauth/authorize, and the way back to it from a page.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { authorize, type AuthorizeOutcome, resumeAuthorize } from '../../flows/authorize/authorize.ts';
import { contextOf } from '../context.ts';
import { readCookies, setCookie } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendAuthorizationResponse } from './authorization-response.ts';
import { backToHub, goOn } from './hub.ts';

/** RFC 6749 3.1, OpenID Connect Core 1.0 3.1.2. */
export function authorizeEndpoint(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const context = contextOf(deps, request);
    const method = request.method === 'POST' ? 'POST' : 'GET';
    const params = method === 'POST' ? bodyParams(request) : queryParams(request);
    const outcome = await authorize(deps, context, { params, method, cookies: readCookies(request) });
    return follow(deps, request, reply, outcome);
  };
}

/** Back to the hub with an attempt of this browser. */
export function authorizeAgain(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const { attempt = queryParams(request).get('attempt') ?? '' } = request.params as { attempt?: string };
    return follow(
      deps,
      request,
      reply,
      await resumeAuthorize(deps, contextOf(deps, request), { attemptId: attempt, cookies: readCookies(request) }),
    );
  };
}

function follow(deps: Deps, request: FastifyRequest, reply: FastifyReply, outcome: AuthorizeOutcome) {
  if (outcome.kind === 'respond') return sendAuthorizationResponse(deps, request, reply, outcome);
  if (outcome.browser !== undefined) setCookie(reply, request.tenant, 'browser', outcome.browser);
  const { to, attemptId } = outcome;
  return to === 'resume' ? backToHub(request, reply, attemptId) : goOn(request, reply, `/${to}?attempt=${attemptId}`);
}
