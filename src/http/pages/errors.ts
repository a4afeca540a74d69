// Errors as pages: what happened, what to do next, a way out, and a reference for whoever can look further.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import { AuthorizationError, type RefusalCode } from '../../domain/errors.ts';
import { respondWithError } from '../../flows/authorize/respond.ts';
import { wayBack } from '../../flows/authorize/way-back.ts';
import { AttemptOver } from '../../flows/sign-in/attempt.ts';
import { livingSession } from '../../flows/sign-in/session.ts';
import { basePath, contextOf } from '../context.ts';
import { readCookies } from '../cookies.ts';
import { answeredFailure, basicChallenge, refusalStatus } from '../failures.ts';
import { sendAuthorizationResponse } from './authorization-response.ts';
import { sendPage } from './page.ts';
import { type Destination, type ErrorKind, type ErrorModel, errorPage, type NextStep } from './views/error.ts';

const nextSteps: Partial<Record<RefusalCode, NextStep>> = {
  attempt_unknown: 'start_again',
  attempt_finished: 'start_again',
  too_many_attempts: 'wait',
  unmet_authentication_requirements: 'ask_administrator',
  cross_site: 'start_again',
  csrf: 'sign_in_again',
  not_found: 'check_address',
  method_not_allowed: 'check_address',
  setup_closed: 'sign_in_or_restart',
  reset_closed: 'ask_anew',
  link_closed: 'ask_anew',
};

const kinds: Partial<Record<RefusalCode, ErrorKind>> = {
  attempt_unknown: 'expired',
  attempt_finished: 'expired',
  too_many_attempts: 'too_many',
  unmet_authentication_requirements: 'second_step',
  cross_site: 'form',
  csrf: 'form',
  not_found: 'missing',
  method_not_allowed: 'missing',
  too_large: 'too_large',
  setup_closed: 'link',
  reset_closed: 'link',
  link_closed: 'link',
};

const destinations: Partial<Record<RefusalCode, Destination>> = {
  attempt_unknown: 'sign_in',
  attempt_finished: 'sign_in',
  too_many_attempts: 'sign_in',
  unmet_authentication_requirements: 'sign_in',
  csrf: 'sign_in',
  setup_closed: 'sign_in',
  reset_closed: 'forgot_password',
  not_found: 'start',
  method_not_allowed: 'start',
};

const paths: Record<Destination, string> = {
  sign_in: '/sign-in',
  account: '/account',
  forgot_password: '/forgot-password',
  start: '/',
};

/** Characters. */
const longestDetail = 300;

/** Every error of this scope as a page, or as an authorization response where a client can be told. */
export function answerPageErrors(scope: FastifyInstance, deps: Deps): void {
  scope.setErrorHandler(async (error, request, reply) => {
    // The redirect URI is proven: the client is told, whichever page found out.
    if (error instanceof AuthorizationError) {
      const { code, description } = error;
      return sendAuthorizationResponse(
        deps,
        request,
        reply,
        respondWithError(request.tenant, error, code, description),
      );
    }
    const failure = answeredFailure(deps, request, reply, error);
    switch (failure.kind) {
      case 'oauth': {
        // RFC 6749 5.2: a program that showed credentials in the header is told which ones are taken.
        const isChallenged = failure.error.code === 'invalid_client' && request.headers.authorization !== undefined;
        if (isChallenged) void reply.header('www-authenticate', basicChallenge(request.tenant));
        return show(deps, request, reply, isChallenged ? 401 : 400, {
          code: failure.error.code,
          kind: 'application',
          description: failure.error.description,
          detail: shortened(failure.error.by.sent),
          next: 'tell_application',
        });
      }
      case 'refusal': {
        const { code, message } = failure.refusal;
        const over = error instanceof AttemptOver ? await afterwards(deps, request, error) : {};
        return show(
          deps,
          request,
          reply,
          refusalStatus[code],
          { code, kind: kinds[code], description: message, next: nextStep(request, code), ...over },
          destinations[code],
        );
      }
      case 'unavailable':
        return show(deps, request, reply, 503, {
          code: 'temporarily_unavailable',
          kind: 'unavailable',
          description: 'The server cannot answer at this moment.',
          next: 'wait',
        });
      case 'bug':
        return show(deps, request, reply, 500, {
          code: 'server_error',
          kind: 'broken',
          description: 'Something went wrong here.',
        });
    }
  });
}

/**
 * A sign-in that is over is no dead end: where its browser came from is known, and who is signed in by now is told so. While the
 * database is away the page says less.
 */
async function afterwards(deps: Deps, request: FastifyRequest, over: AttemptOver): Promise<Partial<ErrorModel>> {
  const context = contextOf(deps, request);
  try {
    const session = await livingSession(deps, context, readCookies(request).session);
    const application = over.request && (await wayBack(deps, context, over.request));
    return {
      application,
      ...(session && { kind: 'signed_in' as const, ...(application && { next: 'go_on' as const }) }),
    };
  } catch {
    return {};
  }
}

function nextStep(request: FastifyRequest, code: RefusalCode): NextStep | undefined {
  // Every page that opens an attempt sets this cookie: who comes without it may have a browser that keeps none.
  if (code === 'attempt_unknown' && readCookies(request).browser === undefined) return 'allow_cookies';
  return nextSteps[code];
}

function show(
  deps: Pick<Deps, 'clock'>,
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  error: ErrorModel,
  // Whoever is not signed in is led on from there to the sign-in page.
  to: Destination = 'account',
) {
  const isSignedIn = error.kind === 'signed_in';
  const model = {
    ...error,
    reference: request.id,
    at: deps.clock(),
    link: wayOut(request, isSignedIn ? 'account' : to),
  };
  return sendPage(request, reply, (page) => errorPage(page, model), { status });
}

/** The link of an error page, to a page of this request's tenant. Before a tenant is known: the start. */
export function wayOut(request: FastifyRequest, to: Destination): NonNullable<ErrorModel['link']> {
  const { tenant } = request as { tenant?: FastifyRequest['tenant'] };
  return tenant
    ? { to, uri: basePath(tenant) + paths[to] }
    : { to: 'start', uri: request.server.mountPath + paths.start };
}

function shortened(detail: string | undefined): string | undefined {
  if (detail === undefined) return undefined;
  // Its letters as they are, and nothing that reorders the page or breaks the line of whoever pastes it.
  const characters = Array.from(detail.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD'));
  const shown = characters.slice(0, longestDetail).join('');
  return characters.length > longestDetail ? `${shown}…` : shown;
}
