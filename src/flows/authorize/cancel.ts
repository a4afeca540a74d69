// Going back to the application without signing in.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { finishAttempt } from '../../storage/sign-in-attempts.ts';
import { type AuthorizationResponse, respondWithError } from './respond.ts';
import { revalidateRequest } from './revalidate-request.ts';
import { attemptOf, attemptFinished } from '../sign-in/attempt.ts';

/** RFC 6749 4.1.2.1: the client is told that access was denied; undefined when no client waits. */
export async function cancelSignIn(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string | undefined; cookies: BrowserCookies },
): Promise<AuthorizationResponse | undefined> {
  const attempt = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  if (!attempt.request) return undefined;
  const { request } = await revalidateRequest(deps, context, attempt.request);
  if (attempt.isStored && !(await finishAttempt(deps.db, context.tenant.id, attempt.row.id, context.now)))
    throw attemptFinished(request);
  return respondWithError(context.tenant, request, 'access_denied', 'The user did not sign in.');
}
