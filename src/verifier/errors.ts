// What checking an access token can end in: the token's fault, or keys or a status list that cannot be had.

export type TokenErrorCode =
  /** No access token came along; never told in the challenge (RFC 6750 3.1). */
  'missing_token' | 'invalid_token' | 'insufficient_scope' | 'insufficient_user_authentication';

/** RFC 6750 3.1, RFC 9470 3: a refusal of the token, or of what it allows. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
  /** 401: another token may help. 403: this one is good and allows too little. */
  readonly status: 401 | 403;
  readonly code: TokenErrorCode;
  /** Why, in words that may be shown to whoever asked. */
  readonly description: string;
  /** The value of the answer's `WWW-Authenticate`. */
  readonly challenge: string;

  constructor(status: 401 | 403, code: TokenErrorCode, description: string, challenge: string) {
    super(`${code}: ${description}`);
    this.status = status;
    this.code = code;
    this.description = description;
    this.challenge = challenge;
  }
}

/** The issuer's keys cannot be had, which is not the token's fault: answer 503. The message says why and is for the log. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number;

  constructor(retryAfter: number, cause: unknown) {
    super(`The keys of the issuer cannot be had: ${wordsOf(cause)}`, { cause });
    this.retryAfter = retryAfter;
  }
}

/**
 * Whether the token was revoked cannot be known, because its status list cannot be had: answer 503. The message says why and
 * is for the log.
 */
export class StatusUnavailable extends Error {
  override readonly name = 'StatusUnavailable';
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number;

  constructor(retryAfter: number, cause: unknown) {
    super(`The status list of the token cannot be had: ${wordsOf(cause)}`, { cause });
    this.retryAfter = retryAfter;
  }
}

/** `fetch` says only that it failed, and keeps the reason behind. */
function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message} (${cause.cause.message})` : cause.message;
}
