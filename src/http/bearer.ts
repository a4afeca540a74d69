// The access token of a request, in its header.
import { OAuthError } from '../domain/errors.ts';

/** RFC 6750 2.1: undefined without one; credentials of another kind are none (3.1). @throws OAuthError invalid_request. */
export function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^bearer(?: |$)/i.test(authorization)) return undefined;
  const match = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization);
  if (!match) throw new OAuthError('invalid_request', 'The Authorization header is not a bearer token.');
  return match[1];
}
