// Errors of the JSON APIs as RFC 9457 problem details.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { InsufficientAuthentication, type OAuthErrorCode, type RefusalCode } from '../domain/errors.ts';
import type { Mistake } from '../domain/mistake.ts';
import { answeredFailure, refusalStatus } from './failures.ts';
import { apiHeaders } from './headers.ts';

/** Where APIs say it otherwise than pages do. */
const refusalStatuses: Partial<Record<RefusalCode, number>> = { wrong_credentials: 401, wrong_code: 401 };

const oauthStatuses: Partial<Record<OAuthErrorCode, number>> = {
  invalid_client: 401,
  invalid_grant: 401,
  invalid_token: 401,
  insufficient_user_authentication: 401,
  unauthorized_client: 403,
  insufficient_scope: 403,
};

/** A problem: `code` is stable, `detail` is for people. */
type Problem = {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly mistakes?: readonly Mistake[];
  /** RFC 9470 3: what the challenge asks for. */
  readonly lacking?: InsufficientAuthentication | undefined;
  /** Seconds, as Retry-After. */
  readonly retryAfter?: number | undefined;
};

/** RFC 9457 3: every error of this scope. */
export function answerProblems(scope: FastifyInstance, deps: Deps): void {
  scope.setErrorHandler((error, request, reply) => {
    apiHeaders(reply);
    const failure = answeredFailure(deps, request, reply, error);
    switch (failure.kind) {
      case 'oauth': {
        const { code, description } = failure.error;
        const lacking = failure.error instanceof InsufficientAuthentication ? failure.error : undefined;
        return sendProblem(request, reply, { status: oauthStatuses[code] ?? 400, code, detail: description, lacking });
      }
      case 'refusal': {
        const { code, message, mistakes, retryAfter } = failure.refusal;
        const status = refusalStatuses[code] ?? refusalStatus[code];
        return sendProblem(request, reply, { status, code, detail: message, mistakes, retryAfter });
      }
      case 'unavailable':
        return sendProblem(request, reply, {
          status: 503,
          code: 'temporarily_unavailable',
          detail: 'The server cannot answer at this moment.',
          retryAfter: failure.retryAfter,
        });
      case 'bug':
        return sendProblem(request, reply, { status: 500, code: 'server_error', detail: 'Something went wrong here.' });
    }
  });
}

/** Answers with one problem. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const { status, code, detail, mistakes = [], lacking, retryAfter } = problem;
  // RFC 9110 15.5.2: a 401 names a way to authenticate.
  if (status === 401 || code === 'insufficient_scope')
    void reply.header('www-authenticate', challenge(request, code, lacking));
  const errors = mistakes.map(({ path, problem }) => ({ pointer: pointerOf(path), detail: problem }));
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      title: titles[status],
      status,
      code,
      detail: retryAfter === undefined ? detail : `${detail} Try again in ${secondsIn(retryAfter)}.`,
      instance: request.id,
      ...(errors.length > 0 && { errors }),
      ...(retryAfter !== undefined && { retry_after: retryAfter }),
    });
}

function secondsIn(count: number): string {
  return count === 1 ? '1 second' : `${count} seconds`;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** RFC 6750 3, RFC 6749 5.2, RFC 9470 3. */
function challenge(request: FastifyRequest, code: string, lacking: InsufficientAuthentication | undefined): string {
  const realm = `realm="${request.tenant.issuer}"`;
  if (code === 'invalid_client') return `Basic ${realm}, charset="UTF-8"`;
  if (lacking) {
    const asks = lacking.acr === undefined ? `max_age="${lacking.maxAge}"` : `acr_values="${lacking.acr}"`;
    return `Bearer ${realm}, error="${code}", error_description="${lacking.description}", ${asks}`;
  }
  return code === 'invalid_token' || code === 'insufficient_scope'
    ? `Bearer ${realm}, error="${code}"`
    : `Bearer ${realm}`;
}

/** RFC 6901. */
function pointerOf(path: Mistake['path']): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
