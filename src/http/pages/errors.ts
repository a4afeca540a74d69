// Errors as pages: what happened, what to do next, and a reference for whoever can look further.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import type { RefusalCode } from '../../domain/errors.ts';
import { readCookies } from '../cookies.ts';
import { failureOf } from '../failures.ts';
import { sendPage } from './page.ts';
import { errorPage, type NextStep } from './views/error.ts';

const nextSteps: Partial<Record<RefusalCode, NextStep>> = {
  attempt_unknown: 'start_again',
  attempt_finished: 'start_again',
  too_many_attempts: 'wait',
  cross_site: 'start_again',
  csrf: 'sign_in_again',
  not_found: 'check_address',
  method_not_allowed: 'check_address',
  setup_closed: 'sign_in_or_restart',
};

/** Every error of this scope as a page. */
export function answerPageErrors(scope: FastifyInstance, deps: Deps): void {
  scope.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error);
    switch (failure.kind) {
      case 'oauth':
        return show(request, reply, 400, failure.error.code, failure.error.description, 'tell_application');
      case 'refusal': {
        const { code, status, message, retryAfter } = failure.refusal;
        if (retryAfter !== undefined) void reply.header('retry-after', retryAfter);
        return show(request, reply, status, code, message, nextStep(request, code));
      }
      case 'unavailable':
        void reply.header('retry-after', failure.retryAfter);
        return show(request, reply, 503, 'temporarily_unavailable', 'The server cannot answer at this moment.', 'wait');
      case 'bug':
        deps.log.error({ reqId: request.id, err: error }, 'a request failed unexpectedly');
        return show(request, reply, 500, 'server_error', 'Something went wrong here.', undefined);
    }
  });
}

function nextStep(request: FastifyRequest, code: RefusalCode): NextStep | undefined {
  // Every page that opens an attempt sets this cookie: who comes without it may have a browser that keeps none.
  if (code === 'attempt_unknown' && readCookies(request).browser === undefined) return 'allow_cookies';
  return nextSteps[code];
}

function show(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  code: string,
  description: string,
  next: NextStep | undefined,
) {
  return sendPage(request, reply, (page) => errorPage(page, { code, description, reference: request.id, next }), {
    status,
  });
}
