// GET and POST /oauth/userinfo, also /api/userinfo.
import type { FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import type { Deps } from '../../deps.ts';
import { OAuthError } from '../../domain/errors.ts';
import { userinfo } from '../../flows/userinfo.ts';
import { bearerOf } from '../bearer.ts';
import { contextOf } from '../context.ts';
import { bodyParams, queryParams } from '../forms.ts';
import { apiHeaders } from '../headers.ts';

/** OpenID Connect Core 1.0 5.3.1. */
export function userInfo(deps: Deps): RouteHandlerMethod {
  return async (request, reply) => {
    apiHeaders(reply);
    try {
      const token = bearerToken(request);
      if (token === undefined) {
        // RFC 6750 3.1: without any credentials the challenge carries no error.
        return await reply.code(401).header('www-authenticate', `Bearer realm="${request.tenant.issuer}"`).send();
      }
      return await userinfo(deps, contextOf(deps, request), token);
    } catch (error) {
      if (error instanceof OAuthError) challenge(request, reply, error);
      throw error;
    }
  };
}

/** RFC 6750 2.1 and 2.2: in the header or the form, in one of them, never in the query. */
function bearerToken(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  const inBody = request.method === 'POST' ? bodyParams(request) : undefined;
  if (queryParams(request).get('access_token') !== undefined)
    throw new OAuthError('invalid_request', 'An access token must not stand in the address.');
  if (inBody?.repeated.has('access_token'))
    throw new OAuthError('invalid_request', 'access_token was sent more than once.');
  const fromBody = inBody?.get('access_token');
  const fromHeader = bearerOf(authorization);
  if (fromHeader !== undefined && fromBody !== undefined)
    throw new OAuthError('invalid_request', 'Send the access token in one way, not two.');
  return fromHeader ?? fromBody;
}

/** RFC 6750 3. */
function challenge(request: FastifyRequest, reply: FastifyReply, error: OAuthError): void {
  const scope = error.code === 'insufficient_scope' ? ', scope="openid"' : '';
  void reply.header(
    'www-authenticate',
    `Bearer realm="${request.tenant.issuer}", error="${error.code}", error_description="${error.description}"${scope}`,
  );
}
