// Errors that a page shows above its form, because the same form makes sense again.
import { Refusal, type RefusalCode, Unavailable } from '../../domain/errors.ts';
import { refusalStatus } from '../failures.ts';

/** `retryAfter` in seconds. */
export type ShownAbove<Wrong extends RefusalCode> = {
  readonly code: Wrong | 'too_many_attempts' | 'busy';
  readonly retryAfter?: number | undefined;
  readonly status: number;
};

/** `wrong`: the code of what was typed and is not right. undefined for what ends the page. */
export function shownAbove<Wrong extends RefusalCode>(error: unknown, wrong: Wrong): ShownAbove<Wrong> | undefined {
  if (error instanceof Unavailable) return { code: 'busy', retryAfter: error.retryAfter, status: 503 };
  if (!(error instanceof Refusal)) return undefined;
  const { retryAfter } = error;
  const code = error.code === wrong ? wrong : error.code === 'too_many_attempts' ? error.code : undefined;
  return code && { code, retryAfter, status: refusalStatus[code] };
}
