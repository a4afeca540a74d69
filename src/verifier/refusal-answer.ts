// How a refusal is answered over HTTP, whatever framework answers.
import { KeysUnavailable, StatusUnavailable, TokenError } from './errors.ts';

export type RefusalAnswer = {
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
};

/** RFC 6750 3, RFC 9110 10.2.3: the answer to a request that `verify` refused. @throws the error when it is of another kind */
export function refusalAnswer(error: unknown): RefusalAnswer {
  const always = { 'cache-control': 'no-store', 'content-type': 'application/json' };
  if (error instanceof TokenError)
    return {
      status: error.status,
      headers: { ...always, 'www-authenticate': error.challenge },
      body: JSON.stringify({ error: error.code, error_description: error.description }),
    };
  if (error instanceof KeysUnavailable || error instanceof StatusUnavailable)
    return {
      status: 503,
      headers: { ...always, 'retry-after': String(error.retryAfter) },
      body: JSON.stringify({
        error: 'temporarily_unavailable',
        error_description: 'Access tokens cannot be checked at the moment.',
      }),
    };
  throw error;
}
