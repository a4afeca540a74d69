// The authorize endpoint: a hub. A request comes in, each page when done comes back to it, and it decides what is next.
import type { Deps } from '../../deps.ts';
import type { AuthorizationRequest } from '../../domain/authorization-request.ts';
import type { Client } from '../../domain/client.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { AuthorizationError, Refusal, Unavailable } from '../../domain/errors.ts';
import { mfaPolicyFor } from '../../domain/factors.ts';
import { needsSignIn, nextStep } from '../../domain/next-step.ts';
import type { Params } from '../../domain/params.ts';
import type { Session } from '../../domain/session.ts';
import { findConsent } from '../../storage/consents.ts';
import { finishAttempt, keepAttempt, type SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { touchSession } from '../../storage/sessions.ts';
import { livingSession } from '../sign-in/session.ts';
import { attemptOf, claimOrFind, attemptFinished, openAttempt, openUnboundAttempt } from '../sign-in/attempt.ts';
import { validateAuthorizationRequest } from './request.ts';
import { type AuthorizationResponse, respondWithCode, respondWithError } from './respond.ts';
import { revalidateRequest } from './revalidate-request.ts';

/** Show a page of ours next, for this attempt; or answer the client. `browser` is a new cookie to set. */
export type AuthorizeOutcome =
  | AuthorizationResponse
  | {
      readonly kind: 'go';
      readonly to: 'sign-in' | 'consent' | 'resume';
      readonly attemptId: string;
      readonly browser: string | undefined;
    };

/** OpenID Connect Core 1.0 3.1.2.1: an authorization request. A POST may come from another site, without cookies: it is kept, and answered with a GET. */
export async function authorize(
  deps: Deps,
  context: RequestContext,
  input: { params: Params; method: 'GET' | 'POST'; cookies: BrowserCookies },
): Promise<AuthorizeOutcome> {
  const { client, request } = await validateAuthorizationRequest(deps, context, input.params);
  if (input.method === 'POST') {
    return {
      kind: 'go',
      to: 'resume',
      attemptId: orTooLong(request, () => openUnboundAttempt(deps, context, request)),
      browser: undefined,
    };
  }
  return decide(deps, context, { client, request, attempt: undefined, cookies: input.cookies });
}

/** Back from a page, or from a stored POST, with the attempt that this browser owns. */
export async function resumeAuthorize(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string; cookies: BrowserCookies },
): Promise<AuthorizeOutcome> {
  const { attempt, browser } = await claimOrFind(deps, context, input.attemptId, input.cookies.browser);
  if (attempt.finished || !attempt.request) throw attemptFinished(attempt.request);
  const { client, request } = await revalidateRequest(deps, context, attempt.request);
  const outcome = await decide(deps, context, { client, request, attempt, cookies: input.cookies });
  return outcome.kind === 'go' ? { ...outcome, browser } : outcome;
}

/**
 * Whether the page of this attempt has something to ask. When the person signed in meanwhile, in another tab, it has not, and the
 * hub goes on. @throws Refusal attempt_unknown, attempt_finished.
 */
export async function signInIsNext(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string; cookies: BrowserCookies },
): Promise<boolean> {
  const attempt = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  if (!attempt.request) return true;
  const session = await livingSession(deps, context, input.cookies.session);
  const { client, request } = await revalidateRequest(deps, context, attempt.request);
  const mfa = mfaPolicyFor(context.tenant.settings, session?.adminRoles ?? []);
  return needsSignIn({ request, client, session, attempt, mfa, now: context.now });
}

type Asked = {
  readonly client: Client;
  readonly request: AuthorizationRequest;
  readonly attempt: SignInAttempt | undefined;
  readonly cookies: BrowserCookies;
};

async function decide(deps: Deps, context: RequestContext, asked: Asked, tries = 1): Promise<AuthorizeOutcome> {
  const { tenant, now } = context;
  const { client, request, attempt } = asked;
  const session = await livingSession(deps, context, asked.cookies.session);
  const step = nextStep({
    request,
    client,
    session,
    attempt,
    mfa: mfaPolicyFor(tenant.settings, session?.adminRoles ?? []),
    now,
    consent: await storedConsent(deps, context, asked, session),
  });
  const stored = attempt?.isStored ? attempt.row.id : undefined;
  switch (step.kind) {
    case 'respond': {
      await touchSession(deps.db, tenant.id, step.session, now, tenant.settings.session_idle_lifetime * 1000);
      const response = await respondWithCode(deps, context, client, request, step.session, stored);
      if (response) return response;
      if (stored !== undefined) throw attemptFinished(request);
      // Session, user or consent ended meanwhile: what is next is decided again, without them.
      if (tries === 3) throw new Unavailable('What this answer stands on keeps changing.');
      return decide(deps, context, asked, tries + 1);
    }
    case 'error':
      if (stored !== undefined) await finishAttempt(deps.db, tenant.id, stored, now);
      return respondWithError(context.tenant, request, step.code, step.description);
    case 'sign-in':
    case 'consent':
      return go(deps, context, asked, step.kind, session);
  }
}

async function go(
  deps: Deps,
  context: RequestContext,
  { request, attempt, cookies }: Asked,
  to: 'sign-in' | 'consent',
  session: Session | undefined,
): Promise<AuthorizeOutcome> {
  const { attempt: opened, browser } = attempt
    ? { attempt, browser: undefined }
    : orTooLong(request, () => openAttempt(deps, context, { request, browser: cookies.browser }));
  // Who is signed in is no stranger: what they decide is kept.
  if (to === 'sign-in' || !session || opened.isStored) return { kind: 'go', to, attemptId: opened.id, browser };
  await keepAttempt(deps.db, context.tenant.id, opened, context.now);
  return { kind: 'go', to, attemptId: opened.row.id, browser };
}

/** RFC 6749 4.1.2.1: the client is told, because its redirect URI is proven. */
function orTooLong<T>({ target, clientId }: AuthorizationRequest, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (error instanceof Refusal) throw new AuthorizationError('invalid_request', error.message, target, clientId);
    throw error;
  }
}

/** Read only where the decision can depend on it. */
async function storedConsent(
  deps: Deps,
  context: RequestContext,
  { client, request, attempt }: Asked,
  session: Session | undefined,
) {
  if (!session || client.metadata.first_party || attempt?.consentedSessionId === session.id) return undefined;
  return findConsent(deps.db, context.tenant.id, session.userId, client.id, request.target.redirectUri);
}
