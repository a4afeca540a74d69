// What the sign-in page shows.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { activeClient } from '../clients/current.ts';
import { livingSession } from './session.ts';
import { attemptOf, openAttempt } from './attempt.ts';

export type SignInView = {
  readonly attemptId: string;
  readonly client: Client | undefined;
  readonly username: string;
  readonly reason: 'fresh' | 'other' | undefined;
  /** Its person came from their account page, and may go back there. */
  readonly isForAccount: boolean;
  /** Whether to stay signed in is asked: not of somebody who is, and only proves it again. */
  readonly asksToStay: boolean;
  readonly uiLocales: string | undefined;
  /** A new cookie to set. */
  readonly browser: string | undefined;
};

/** The page for an attempt of this browser; without one, a new attempt for somebody who came by themselves. */
export async function viewSignIn(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string | undefined; cookies: BrowserCookies },
): Promise<SignInView | 'signed in'> {
  const isAsking = context.tenant.settings.stay_signed_in === 'ask';
  const session = await livingSession(deps, context, input.cookies.session);
  if (input.attemptId === undefined) {
    if (session) return 'signed in';
    const { attempt, browser } = openAttempt(deps, context, { request: undefined, browser: input.cookies.browser });
    return {
      attemptId: attempt.id,
      browser,
      client: undefined,
      username: '',
      reason: undefined,
      isForAccount: false,
      asksToStay: isAsking,
      uiLocales: undefined,
    };
  }
  const attempt = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  const request = attempt.request;
  const isLeaving = attempt.leavingSessionId !== undefined && attempt.leavingSessionId === session?.id;
  const isHinted = request?.hintedUserId !== undefined && request.hintedUserId !== session?.userId;
  const isOther = session !== undefined && (isLeaving || isHinted);
  return {
    attemptId: attempt.id,
    client: request && (await activeClient(deps, context.tenant, request.clientId)),
    username: isLeaving ? '' : ((isOther ? undefined : session?.username) ?? request?.loginHint ?? ''),
    reason: session === undefined ? undefined : isOther ? 'other' : 'fresh',
    isForAccount: attempt.accountChange !== undefined,
    asksToStay: isAsking && (session === undefined || isOther),
    uiLocales: request?.uiLocales,
    browser: undefined,
  };
}
