// `signet/verifier/express`: middleware that lets pass only requests with a good access token.
import { bearerToken } from './challenge.ts';
import { assertNeeds, type Needs } from './needs.ts';
import { refusalAnswer } from './refusal-answer.ts';
import type { VerifiedToken } from './verified-token.ts';
import type { Verifier } from './verifier.ts';

/** What is used of Express's request. */
export type ExpressRequest = {
  readonly headers: { readonly authorization?: string | undefined };
  token?: VerifiedToken;
};

/** What is used of Express's response: Node's own. */
export type ExpressResponse = {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
};

/** RFC 6750 3: middleware; sets `request.token`, or answers 401, 403 or 503. @throws TypeError for what is no need */
export function requireToken(
  verifier: Pick<Verifier, 'verify'>,
  needs: Needs = {},
): (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void> {
  assertNeeds(needs);
  return async (request, response, next) => {
    try {
      request.token = await verifier.verify(bearerToken(request.headers.authorization), needs);
    } catch (error) {
      try {
        const { status, headers, body } = refusalAnswer(error);
        response.writeHead(status, headers);
        response.end(body);
      } catch (other) {
        next(other);
      }
      return;
    }
    next();
  };
}
