// Errors of the OAuth endpoints as RFC 6749 5.2 JSON.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { OAuthErrorCode } from '../../domain/errors.ts';
import type { Params } from '../../domain/params.ts';
import { answeredFailure, basicChallenge, refusalStatus } from '../failures.ts';
import { apiHeaders } from '../headers.ts';

const statuses: Partial<Record<OAuthErrorCode, number>> = {
  invalid_client: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  server_error: 500,
  temporarily_unavailable: 503,
};

/** RFC 6749 2.3.1, RFC 7521 4.2: a client that showed in the body who it is. */
function isShownInBody(request: FastifyRequest): boolean {
  const { body } = request as { body?: Partial<Params> | null };
  return ['client_secret', 'client_assertion'].some((name) => body?.get?.(name) !== undefined);
}

/**
 * RFC 6749 5.2: every error of this scope as JSON. 401 with a challenge for a client that sent HTTP Basic or nothing; 400 for one
 * that showed in the body who it is: libraries that meet a challenge show nothing of our words.
 */
export function answerOAuthErrors(scope: FastifyInstance, deps: Deps): void {
  scope.setErrorHandler((error, request, reply) => {
    apiHeaders(reply);
    const failure = answeredFailure(deps, request, reply, error);
    switch (failure.kind) {
      case 'oauth': {
        const { code, description } = failure.error;
        if (code === 'invalid_client' && isShownInBody(request)) return send(reply, 400, code, description);
        if (code === 'invalid_client') void reply.header('www-authenticate', basicChallenge(request.tenant));
        return send(reply, statuses[code] ?? 400, code, description);
      }
      case 'refusal':
        return send(reply, refusalStatus[failure.refusal.code], 'invalid_request', failure.refusal.message);
      case 'unavailable':
        return send(reply, 503, 'temporarily_unavailable', 'The server cannot answer at this moment. Try again soon.');
      case 'bug':
        return send(reply, 500, 'server_error', `Something went wrong here. Reference: ${request.id}`);
    }
  });
}

function send(reply: FastifyReply, status: number, error: OAuthErrorCode, description: string) {
  return reply.code(status).send({ error, error_description: description });
}
