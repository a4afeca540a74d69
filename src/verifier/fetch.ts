// `signet/verifier/fetch`: lets a handler of the Fetch API see only requests with a good access token.
import { bearerToken } from './challenge.ts';
import { assertNeeds, type Needs } from './needs.ts';
import { refusalAnswer } from './refusal-answer.ts';
import type { VerifiedToken } from './verified-token.ts';
import type { Verifier } from './verifier.ts';

/** RFC 6750 3: the handler behind a check; requests it does not see are answered 401, 403 or 503. @throws TypeError for what is no need */
export function requireToken<More extends readonly unknown[]>(
  verifier: Pick<Verifier, 'verify'>,
  needs: Needs,
  handler: (request: Request, token: VerifiedToken, ...more: More) => Response | Promise<Response>,
): (request: Request, ...more: More) => Promise<Response> {
  assertNeeds(needs);
  return async (request, ...more) => {
    const checked = await tokenOrAnswer(verifier, request.headers.get('authorization'), needs);
    return checked instanceof Response ? checked : handler(request, checked, ...more);
  };
}

/** RFC 6750 3: the token of an `Authorization` header, or the answer that refuses it. */
export async function tokenOrAnswer(
  verifier: Pick<Verifier, 'verify'>,
  authorization: string | null | undefined,
  needs: Needs,
): Promise<VerifiedToken | Response> {
  try {
    return await verifier.verify(bearerToken(authorization), needs);
  } catch (error) {
    const { status, headers, body } = refusalAnswer(error);
    return new Response(body, { status, headers });
  }
}
