// GET and POST /oauth/authorize, and the way back to it from a page.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { AuthorizationError } from '../../domain/errors.ts';
import { authorize, type AuthorizeOutcome, resumeAuthorize } from '../../flows/authorize/authorize.ts';
import { respondWithError } from '../../flows/authorize/respond.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies, setCookie } from '../cookies.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { sendAuthorizationResponse } from './authorization-response.ts';

/** RFC 6749 3.1, OpenID Connect Core 1.0 3.1.2. */
export function authorizeEndpoint(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const context = contextOf(deps, request);
    const method = request.method === 'POST' ? 'POST' : 'GET';
    const params = method === 'POST' ? bodyParams(request) : queryParams(request);
    try {
      return await follow(
        deps,
        request,
        reply,
        await authorize(deps, context, { params, method, cookies: readCookies(request) }),
      );
    } catch (error) {
      if (!(error instanceof AuthorizationError)) throw error;
      return sendAuthorizationResponse(
        deps,
        request,
        reply,
        respondWithError(context, error.target, error.code, error.description),
      );
    }
  };
}

/** Back to the hub with an attempt of this browser. */
export function authorizeAgain(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    const { attempt } = request.params as { attempt: string };
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
  const base = basePath(request.tenant);
  const path =
    outcome.to === 'resume' ? `/oauth/authorize/${outcome.attemptId}` : `/${outcome.to}?attempt=${outcome.attemptId}`;
  // 303, so that a POST becomes a GET and nothing is sent on (RFC 9700 4.12).
  return reply.header('cache-control', 'no-store').redirect(`${base}${path}`, 303);
}
