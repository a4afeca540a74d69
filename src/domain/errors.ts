// The errors that callers are told about: one value each for the OAuth endpoints, the pages and an unavailable server.
import type { Mistake } from './mistake.ts';

/** Error codes of the OAuth endpoints, grouped by the document that defines them. */
export type OAuthErrorCode =
  // RFC 6749 4.1.2.1 and 5.2
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'access_denied'
  | 'server_error'
  | 'temporarily_unavailable'
  // OpenID Connect Core 1.0 3.1.2.6
  | 'login_required'
  | 'consent_required'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  // OpenID Connect Core Unmet Authentication Requirements 1.0
  | 'unmet_authentication_requirements'
  // RFC 6750 3.1
  | 'invalid_token'
  | 'insufficient_scope'
  // RFC 9470 3
  | 'insufficient_user_authentication'
  // RFC 7009 2.2.1
  // RFC 8707 2
  | 'invalid_target';

/** What a refused request was about: for the log, and on pages for whoever sent it. */
export type AskedBy = {
  /** A client that is registered. */
  readonly clientId?: string;
  /** The value that is wrong, as it was sent; nothing secret. */
  readonly sent?: string;
};

/**
 * A refusal in the words of OAuth. `description` is for the caller; `cause` is for the log only and never leaves the
 * server.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly code: OAuthErrorCode;
  readonly description: string;
  readonly by: AskedBy;

  constructor(code: OAuthErrorCode, description: string, cause?: unknown, by: AskedBy = {}) {
    super(`${code}: ${description}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.description = description;
    this.by = by;
  }
}

/** RFC 9470 3: the sign-in behind a token is not enough, and what would be. `maxAge` in seconds. */
export class InsufficientAuthentication extends OAuthError {
  readonly maxAge: number | undefined;
  readonly acr: string | undefined;

  constructor(description: string, { maxAge, acr }: { maxAge?: number; acr?: string }) {
    super('insufficient_user_authentication', description);
    this.maxAge = maxAge;
    this.acr = acr;
  }
}

/** Where an authorization response goes once the client and its redirect URI are proven. */
export type ResponseTarget = {
  readonly redirectUri: string;
  /** OAuth 2.0 Multiple Response Types 2.1 and Form Post Response Mode; a fragment carries errors only. */
  readonly responseMode: 'query' | 'form_post' | 'fragment';
  readonly state?: string;
  /** True for a client that cannot bear the `iss` of RFC 9207. */
  readonly withoutIss?: true;
};

/** RFC 6749 4.1.2.1: an authorization request refused after its redirect URI was proven, so the client is told. */
export class AuthorizationError extends OAuthError {
  readonly target: ResponseTarget;
  readonly clientId: string;

  constructor(code: OAuthErrorCode, description: string, target: ResponseTarget, clientId: string) {
    super(code, description, undefined, { clientId });
    this.target = target;
    this.clientId = clientId;
  }
}

/** Stable codes of refusals on pages and of flows that administrators call. */
export type RefusalCode =
  | 'attempt_unknown'
  | 'attempt_finished'
  | 'wrong_credentials'
  | 'wrong_code'
  | 'password_first'
  | 'password_change_required'
  | 'second_factors_off'
  | 'unmet_authentication_requirements'
  | 'too_many_attempts'
  | 'cross_site'
  | 'csrf'
  | 'malformed'
  | 'method_not_allowed'
  | 'not_found'
  | 'too_large'
  | 'unsupported_media_type'
  | 'setup_closed'
  | 'reset_closed'
  | 'link_closed'
  | 'exists'
  | 'forbidden'
  | 'precondition_required'
  | 'precondition_failed'
  | 'conflict'
  | 'last_administrator'
  | 'invalid_input';

/**
 * A refusal outside of OAuth: of a page, a first-party or an administrator's request, or a command. It says what happened;
 * each edge says it in its own way (an HTTP status, an exit code, what to do next).
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;
  /** What is wrong with which part of what was given. */
  readonly mistakes: readonly Mistake[];

  constructor(
    code: RefusalCode,
    description: string,
    more: { retryAfter?: number; mistakes?: readonly Mistake[]; cause?: unknown } = {},
  ) {
    super(description, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.retryAfter = more.retryAfter;
    this.mistakes = more.mistakes ?? [];
  }
}

/** Some parts of what was given break the rules, whatever is stored. */
export function invalidInput(mistakes: readonly Mistake[]): Refusal {
  return new Refusal('invalid_input', 'Some fields need another value.', { mistakes });
}

/** The server cannot decide right now (database out of reach, queue full): 503 with Retry-After, in any format. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** Seconds. */
  readonly retryAfter: number;

  constructor(description: string, retryAfter = 1, cause?: unknown) {
    super(description, cause === undefined ? undefined : { cause });
    this.retryAfter = retryAfter;
  }
}

/** What should be made exists: `thing` names it. */
export function alreadyThere(thing: string): Refusal {
  return new Refusal('exists', `There is a ${thing} already; nothing was changed.`);
}
