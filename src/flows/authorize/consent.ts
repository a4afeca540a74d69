// Consent: what the page shows, and what the person decides.
import type { Deps } from '../../deps.ts';
import { type Client, isPublic } from '../../domain/client.ts';
import { actingAs, type BrowserCookies, type RequestContext } from '../../domain/context.ts';
import { isReadableByOtherPrograms } from '../../domain/redirect-uri.ts';
import type { Session } from '../../domain/session.ts';
import { addConsent, findConsent } from '../../storage/consents.ts';
import { findUser } from '../../storage/users.ts';
import { finishAttempt, markConsented, markLeaving, type SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { type AuthorizationRequest, consentScopes } from '../../domain/authorization-request.ts';
import { type AuthorizationResponse, respondWithError } from './respond.ts';
import { revalidateRequest } from './revalidate-request.ts';
import { scopeDescriptions, tenantResources } from '../clients/current.ts';
import { record } from '../events.ts';
import { formToken, livingSession } from '../sign-in/session.ts';
import { attemptOf, attemptFinished } from '../sign-in/attempt.ts';

type Asking = {
  readonly attempt: SignInAttempt;
  readonly request: AuthorizationRequest;
  readonly client: Client;
  readonly session: Session;
};

export type ConsentView = {
  readonly attemptId: string;
  readonly client: Client;
  readonly username: string;
  readonly name: string | undefined;
  readonly email: string | undefined;
  /** Consent is not remembered. */
  readonly isAskedEachTime: boolean;
  /** For the button that signs out. */
  readonly formToken: string;
  readonly redirectUri: string;
  readonly scopes: readonly {
    readonly name: string;
    readonly description: string | undefined;
    readonly isNew: boolean;
  }[];
  readonly resources: readonly { readonly identifier: string; readonly name: string | undefined }[];
  readonly uiLocales: string | undefined;
};

/** The consent page of this browser's attempt, or 'go on' when the hub has to decide again (nobody is signed in). */
export async function viewConsent(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string | undefined; cookies: BrowserCookies },
): Promise<ConsentView | 'go on'> {
  const asking = await askingOf(deps, context, input);
  if (!asking) return 'go on';
  const { request, client, session } = asking;
  const stored = await findConsent(deps.db, context.tenant.id, session.userId, client.id, request.target.redirectUri);
  const user = await findUser(deps.db, context.tenant.id, session.userId);
  const { name } = user?.claims ?? {};
  const resources = await tenantResources(deps, context.tenant);
  const descriptions = await scopeDescriptions(deps, context.tenant);
  return {
    attemptId: asking.attempt.id,
    client,
    username: session.username,
    name: typeof name === 'string' ? name : undefined,
    email: user?.email,
    isAskedEachTime: isPublic(client.metadata) && isReadableByOtherPrograms(request.target.redirectUri),
    formToken: formToken(deps, session),
    redirectUri: request.target.redirectUri,
    scopes: consentScopes(request).map((name) => ({
      name,
      description: descriptions.get(name),
      isNew: !stored?.scopes.includes(name),
    })),
    resources: request.resources.map((identifier) => ({
      identifier,
      name:
        identifier === context.tenant.issuer
          ? context.tenant.name
          : resources.find((known) => known.identifier === identifier)?.name,
    })),
    uiLocales: request.uiLocales,
  };
}

export type ConsentDecision = 'allow' | 'deny' | 'switch';

/**
 * RFC 6749 4.1.1: the person allows, denies, or wants to sign in as somebody else. Only with the session that the page
 * was shown to: the form says whose it was.
 */
export async function decideConsent(
  deps: Deps,
  context: RequestContext,
  input: {
    attemptId: string | undefined;
    decision: ConsentDecision;
    username: string | undefined;
    cookies: BrowserCookies;
  },
): Promise<AuthorizationResponse | { kind: 'go on' }> {
  const asking = await askingOf(deps, context, input);
  if (!asking || asking.session.username !== input.username) return { kind: 'go on' };
  const { attempt, request, client, session } = asking;
  if (input.decision === 'switch') {
    if (!(await markLeaving(deps.db, context.tenant.id, attempt.row.id, session.id))) throw attemptFinished(request);
    return { kind: 'go on' };
  }
  if (input.decision === 'deny') {
    if (!(await finishAttempt(deps.db, context.tenant.id, attempt.row.id, context.now))) throw attemptFinished(request);
    return respondWithError(context.tenant, request, 'access_denied', 'The user denied the request.');
  }
  await deps.db.transaction(async (tx) => {
    if (!(await markConsented(tx, context.tenant.id, attempt.row.id, session.id))) throw attemptFinished(request);
    const { resources } = request;
    const scopes = consentScopes(request);
    await addConsent(
      tx,
      context.tenant.id,
      { userId: session.userId, clientId: client.id, redirectUri: request.target.redirectUri, scopes, resources },
      context.now,
    );
    await record(deps, tx, actingAs(context, 'user', session.userId), {
      type: 'consent.granted',
      userId: session.userId,
      clientId: client.id,
      sessionId: session.id,
      data: { scopes, resources },
    });
  });
  return { kind: 'go on' };
}

async function askingOf(
  deps: Deps,
  context: RequestContext,
  input: { attemptId: string | undefined; cookies: BrowserCookies },
): Promise<Asking | undefined> {
  const attempt = await attemptOf(deps, context, input.attemptId, input.cookies.browser);
  const session = await livingSession(deps, context, input.cookies.session);
  return (
    attempt.request && session && { attempt, session, ...(await revalidateRequest(deps, context, attempt.request)) }
  );
}
