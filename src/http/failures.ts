// What an error means over HTTP, before a scope gives it its own format.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { addressOf } from './address.ts';
import { OAuthError, Refusal, type RefusalCode, Unavailable } from '../domain/errors.ts';
import type { Tenant } from '../domain/tenant.ts';

/** Nobody's fault but ours: logged, and nothing of it is told. */
export type Failure =
  | { readonly kind: 'oauth'; readonly error: OAuthError }
  | { readonly kind: 'refusal'; readonly refusal: Refusal }
  | { readonly kind: 'unavailable'; readonly retryAfter: number }
  | { readonly kind: 'bug' };

const byStatus: Readonly<Record<number, { code: RefusalCode; text: string }>> = {
  404: { code: 'not_found', text: 'There is nothing here.' },
  413: { code: 'too_large', text: 'The request body is too large.' },
  415: { code: 'unsupported_media_type', text: 'This kind of request body is not supported.' },
};

/** The status that carries each refusal over HTTP, where a scope has no other for it. */
export const refusalStatus: Readonly<Record<RefusalCode, number>> = {
  attempt_unknown: 400,
  attempt_finished: 409,
  wrong_credentials: 403,
  wrong_code: 403,
  password_first: 403,
  password_change_required: 403,
  second_factors_off: 403,
  unmet_authentication_requirements: 403,
  too_many_attempts: 429,
  cross_site: 403,
  csrf: 403,
  malformed: 400,
  method_not_allowed: 405,
  not_found: 404,
  too_large: 413,
  unsupported_media_type: 415,
  setup_closed: 410,
  reset_closed: 410,
  link_closed: 410,
  exists: 409,
  forbidden: 403,
  precondition_required: 428,
  precondition_failed: 412,
  conflict: 409,
  last_administrator: 409,
  invalid_input: 422,
};

/** RFC 6749 5.2 and RFC 7617 2.1: what a 401 for client authentication asks for. */
export function basicChallenge({ issuer }: Tenant): string {
  return `Basic realm="${issuer}", charset="UTF-8"`;
}

/** Sorts what was thrown. Fastify's own complaints about a request (status 400 to 499) become refusals. */
function failureOf(error: unknown): Failure {
  if (error instanceof OAuthError) return { kind: 'oauth', error };
  if (error instanceof Refusal) return { kind: 'refusal', refusal: error };
  if (error instanceof Unavailable) return { kind: 'unavailable', retryAfter: error.retryAfter };
  const status = (error as FastifyError).statusCode ?? 500;
  if (status < 400 || status >= 500) return { kind: 'bug' };
  const known = byStatus[status] ?? { code: 'malformed' as const, text: 'The request is malformed.' };
  return { kind: 'refusal', refusal: new Refusal(known.code, known.text, { cause: error }) };
}

/**
 * The same, while it is answered: with Retry-After where it says when to come again, and in the log why it was refused or
 * could not be answered.
 */
export function answeredFailure(
  deps: Pick<Deps, 'log'>,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
): Failure {
  const failure = failureOf(error);
  const retryAfter = failure.kind === 'refusal' ? failure.refusal.retryAfter : undefined;
  const seconds = failure.kind === 'unavailable' ? failure.retryAfter : retryAfter;
  if (seconds !== undefined) void reply.header('retry-after', seconds);
  logFailure(deps, request, failure, error);
  return failure;
}

/** For what a page shows and goes on: the log says of it what it says of errors that end a request. */
export function logShownFailure(deps: Pick<Deps, 'log'>, request: FastifyRequest, error: unknown): void {
  logFailure(deps, request, failureOf(error), error);
}

/** For the log: which request it was, of which tenant, from where. */
export function whoAsks(request: FastifyRequest) {
  const { tenant } = request as { tenant?: { slug: string } };
  return { reqId: request.id, ...(tenant && { tenant: tenant.slug }), ip: addressOf(request) };
}

/** Characters of what was sent that the log holds. */
const longestSent = 200;

/** An address without its query, and without the name and password before its host. */
function withoutSecrets(sent: string): string {
  return sent.split(/[?#]/, 1)[0]!.replace(/\/\/[^/]*@/, '//');
}

/** Of what was sent only the value that is wrong, without its query: no name that was typed, no secret. */
function logFailure({ log }: Pick<Deps, 'log'>, request: FastifyRequest, failure: Failure, error: unknown): void {
  const who = whoAsks(request);
  switch (failure.kind) {
    case 'oauth': {
      const { code, description, cause, by } = failure.error;
      const sent = by.sent && withoutSecrets(by.sent).slice(0, longestSent);
      return log.info({ ...who, code, description, cause, client: by.clientId, sent }, 'refused');
    }
    case 'refusal': {
      const { code, message: description } = failure.refusal;
      // What administrators are told has names in it.
      const isToName = (request as { administrator?: unknown }).administrator !== undefined;
      return log.info({ ...who, code, ...(!isToName && { description }) }, 'refused');
    }
    case 'unavailable': {
      const { message: reason, cause } = error as Error;
      const { code, message } = (cause ?? {}) as { code?: string; message?: string };
      const unsaid = sayNow(log, reason);
      if (unsaid === undefined) return;
      return log.warn(
        { ...who, reason, cause: message ?? code, ...(unsaid > 0 && { unsaid }) },
        'could not be answered',
      );
    }
    case 'bug':
      return log.error({ reqId: request.id, err: error }, 'a request failed unexpectedly');
  }
}

/** When each log last said each reason, in milliseconds, and how often it kept it back since. */
const said = new WeakMap<object, Map<string, { at: number; unsaid: number }>>();

/** Once a second for each reason, so that a database that is away does not fill the disk: how often it was not said since, or undefined. */
function sayNow(log: object, reason: string): number | undefined {
  const reasons = said.get(log) ?? new Map<string, { at: number; unsaid: number }>();
  said.set(log, reasons);
  const now = performance.now();
  const last = reasons.get(reason);
  if (last && now - last.at < 1000) {
    last.unsaid += 1;
    return undefined;
  }
  reasons.set(reason, { at: now, unsaid: 0 });
  return last?.unsaid ?? 0;
}
