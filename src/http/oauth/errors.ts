// Errors of the OAuth endpoints as RFC 6749 5.2 JSON.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { OAuthErrorCode } from '../../domain/errors.ts';
import { answeredFailure, basicChallenge, refusalStatus } from '../failures.ts';
import { apiHeaders } from '../headers.ts';

const statuses: Partial<Record<OAuthErrorCode, number>> = {
  invalid_client: 401,
  invalid_token: 401,
  insufficient_scope: 403,
  server_error: 500,
  temporarily_unavailable: 503,
};

/** RFC 6749 5.2: every error of this scope as JSON; 401 for client authentication with a challenge. */
export function answerOAuthErrors(scope: FastifyInstance, deps: Deps): void {
  scope.setErrorHandler((error, request, reply) => {
    apiHeaders(reply);
    const failure = answeredFailure(deps, request, reply, error);
    switch (failure.kind) {
      case 'oauth': {
        const { code, description } = failure.error;
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
