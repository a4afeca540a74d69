// Errors that a page shows above its form, because the same form makes sense again.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../../deps.ts';
import { Refusal, type RefusalCode, Unavailable } from '../../domain/errors.ts';
import { logShownFailure, refusalStatus } from '../failures.ts';

/** `retryAfter` in seconds. */
export type ShownAbove<Wrong extends RefusalCode> = {
  readonly code: Wrong | 'too_many_attempts' | 'busy';
  readonly retryAfter?: number | undefined;
  readonly status: number;
};

/**
 * What the page shows, which is in the log then, with `Retry-After` set; undefined for what ends the page.
 * `wrong`: the code of what was typed and is not right.
 */
export function shownAbove<Wrong extends RefusalCode>(
  deps: Pick<Deps, 'log'>,
  request: FastifyRequest,
  reply: FastifyReply,
  error: unknown,
  wrong: Wrong,
): ShownAbove<Wrong> | undefined {
  const shown = shownOf(error, wrong);
  if (!shown) return undefined;
  logShownFailure(deps, request, error);
  if (shown.retryAfter !== undefined) void reply.header('retry-after', shown.retryAfter);
  return shown;
}

function shownOf<Wrong extends RefusalCode>(error: unknown, wrong: Wrong): ShownAbove<Wrong> | undefined {
  if (error instanceof Unavailable) return { code: 'busy', retryAfter: error.retryAfter, status: 503 };
  if (!(error instanceof Refusal)) return undefined;
  const { retryAfter } = error;
  const code = error.code === wrong ? wrong : error.code === 'too_many_attempts' ? error.code : undefined;
  return code && { code, retryAfter, status: refusalStatus[code] };
}
