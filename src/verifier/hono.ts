// `signet/verifier/hono`: middleware that lets pass only requests with a good access token.
import { tokenOrAnswer } from './fetch.ts';
import { assertNeeds, type Needs } from './needs.ts';
import type { VerifiedToken } from './verified-token.ts';
import type { Verifier } from './verifier.ts';

/** What is used of Hono's context. */
export type HonoContext = {
  readonly req: { header(name: string): string | undefined };
  set(key: 'token', value: VerifiedToken): void;
};

/** RFC 6750 3: middleware; sets the variable `token`, or answers 401, 403 or 503. @throws TypeError for what is no need */
export function requireToken(
  verifier: Pick<Verifier, 'verify'>,
  needs: Needs = {},
): (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined> {
  assertNeeds(needs);
  return async (context, next) => {
    const checked = await tokenOrAnswer(verifier, context.req.header('authorization'), needs);
    if (checked instanceof Response) return checked;
    context.set('token', checked);
    await next();
    return undefined;
  };
}
