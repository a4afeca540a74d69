// What an error means over HTTP, before a scope gives it its own format.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { OAuthError, Refusal, type RefusalCode, Unavailable } from '../domain/errors.ts';

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
  exists: 409,
  conflict: 409,
  last_administrator: 409,
  invalid_input: 422,
};

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

/** The same, while it is answered: with Retry-After where it says when to come again, and what is our fault in the log. */
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
  if (failure.kind === 'bug') deps.log.error({ reqId: request.id, err: error }, 'a request failed unexpectedly');
  return failure;
}
