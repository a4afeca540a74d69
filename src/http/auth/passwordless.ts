// /auth/passwordless/* and /auth/verify for programs: signing in by what is mailed.
import type { RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { askForSignInMail, verifyLink, verifyMailedCode } from '../../flows/first-party/passwordless.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Way } from '../../flows/passwordless/ask.ts';
import { checkedLinkProof, checkedMailedCode, checkedMailWanted } from '../../schemas/first-party.ts';
import { contextOf } from '../context.ts';
import { queryParams } from '../forms.ts';
import { apiHeaders } from '../headers.ts';
import { proofHeader } from '../audience.ts';

/** POST /auth/passwordless/request and /auth/passwordless/code: the same answer, whoever has the address. */
export function askForMail(deps: Deps, way: Way): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { authorization } = request.headers;
    const wanted = { authorization, ...checkedMailWanted(request.body) };
    return reply.code(202).send(await askForSignInMail(deps, contextOf(deps, request), way, wanted));
  };
}

/** POST /auth/passwordless/verify: the answer of a login. */
export function mailedCode(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { authorization } = request.headers;
    return verifyMailedCode(deps, contextOf(deps, request), { authorization, ...checkedMailedCode(request.body) });
  };
}

/** POST /auth/verify. */
export function mailedLink(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { authorization } = request.headers;
    return verifyLink(deps, contextOf(deps, request), { authorization, ...checkedLinkProof(request.body) });
  };
}

/** GET /auth/verify, with the proof as a header or, where logs of others may see it, in the query. */
export function mailedLinkByGet(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    const { authorization, [proofHeader]: proof } = request.headers;
    const query = queryParams(request);
    const given = { token: query.get('token'), proof: typeof proof === 'string' ? proof : query.get('proof') };
    if (given.proof === undefined)
      throw new OAuthError(
        'invalid_request',
        `Send the proof that came with the request, as the header ${proofHeader}.`,
      );
    return verifyLink(deps, contextOf(deps, request), { authorization, ...checkedLinkProof(given) });
  };
}
