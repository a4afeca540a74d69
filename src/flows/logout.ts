// Signing out: RP-initiated, with a confirmation unless an ID token of this very session asks for it; and by a program.
import type { Deps } from '../deps.ts';
import { type Client, isPublic } from '../domain/client.ts';
import { actingAs, type RequestContext } from '../domain/context.ts';
import { OAuthError } from '../domain/errors.ts';
import { firstRepeated, type Params, paramsFrom } from '../domain/params.ts';
import { matchRedirectUri } from '../domain/redirect-uri.ts';
import type { Session } from '../domain/session.ts';
import { isUuid } from '../domain/uuid.ts';
import { endGrantsOfClient } from '../storage/grants.ts';
import { endSession } from '../storage/sessions.ts';
import { findLivingSession } from '../storage/tenant-sessions.ts';
import { authenticateClient } from './clients/authenticate.ts';
import { type ClientCredentials, credentialParameters, presented } from './clients/presented.ts';
import { activeClient } from './clients/current.ts';
import { eventOf, record } from './events.ts';
import { idTokenClaims } from './tokens/id-token-claims.ts';
import { formToken, isFormToken, livingSession } from './sign-in/session.ts';

/** RP-Initiated Logout 1.0 2. */
export const logoutParameters = [
  'id_token_hint',
  'client_id',
  'post_logout_redirect_uri',
  'state',
  'ui_locales',
] as const;

/** Where to go when signed out; undefined: stay here. */
export type LogoutTarget = { readonly client: Client | undefined; readonly redirect: string | undefined };

export type LogoutOutcome =
  | ({ readonly kind: 'signed out' } & LogoutTarget)
  | {
      readonly kind: 'confirm';
      readonly client: Client | undefined;
      readonly username: string;
      readonly formToken: string;
      readonly uiLocales: string | undefined;
    };

/**
 * OpenID Connect RP-Initiated Logout 1.0 2 and 3. `program`: how the client proves who it is, in a call that no browser made
 * and that has no session cookie; where there is one, only its session counts.
 * @throws OAuthError for the person: a wrong request never redirects; what `authenticateClient` throws for a program.
 */
export async function logout(
  deps: Deps,
  context: RequestContext,
  input: { params: Params; session: string | undefined; program?: ClientCredentials | undefined },
): Promise<LogoutOutcome> {
  const asked = await validate(deps, context, input.params);
  const session = await livingSession(deps, context, input.session);
  if (!session) {
    if (input.program) await endHinted(deps, context, input.program, asked);
    return { kind: 'signed out', ...asked };
  }
  // Only an ID token of this very session proves that its client asks for its end.
  if (asked.hintedSession === session.id) return end(deps, context, session, asked);
  return {
    kind: 'confirm',
    client: asked.client,
    username: session.username,
    formToken: formToken(deps, session),
    uiLocales: input.params.get('ui_locales'),
  };
}

/** Whether a client shows more than its name: a public one proves nothing, however it says who it is. What is malformed is refused later. */
export function provesClient(program: ClientCredentials): boolean {
  const { authorization, params } = program;
  const shown = [authorization, params.get('client_secret'), params.get('client_assertion')];
  if (shown.every((one) => one === undefined)) return false;
  try {
    return presented(program).method !== 'none';
  } catch {
    return true;
  }
}

/**
 * ID tokens lie in logs, and an image on a foreign page is fetched without cookies: only a client that proves who it is ends
 * the session of its ID token. Without a proof nothing ends but what that client itself has from the session.
 */
async function endHinted(
  deps: Deps,
  context: RequestContext,
  program: ClientCredentials,
  { hintedSession, client: hinted }: { hintedSession: string | undefined; client: Client | undefined },
): Promise<void> {
  const { tenant, now } = context;
  const isProof = provesClient(program);
  if (isProof) {
    const client = await authenticateClient(deps, context, program);
    // There is nobody who could be asked instead.
    if (hintedSession === undefined)
      throw new OAuthError('invalid_request', 'id_token_hint is missing, or it cannot be verified.');
    if (client.id !== hinted?.id)
      throw new OAuthError('invalid_request', 'id_token_hint was issued to another client.');
  }
  if (hintedSession === undefined || !hinted) return;
  const session = await findLivingSession(deps.db, tenant.id, hintedSession, now);
  if (!session) return;
  if (isProof) {
    const acting = actingAs(context, 'client', hinted.id);
    await endSession(deps.db, tenant.id, session, 'signed_out', eventOf(deps, acting));
    return;
  }
  await deps.db.transaction(async (tx) => {
    const grants = await endGrantsOfClient(tx, tenant.id, { sessionId: session.id, clientId: hinted.id }, now);
    for (const grantId of grants)
      await record(deps, tx, context, {
        type: 'grant.revoked',
        userId: session.userId,
        clientId: hinted.id,
        sessionId: session.id,
        grantId,
      });
  });
}

/** Milliseconds in which a browser follows a redirect. */
const sealedFor = 5 * 60_000;

/**
 * What a POST brought, for the address that its browser is sent to: the ID token in it is for nobody who reads addresses
 * (OWASP ASVS 14.2.1). Values that no request of ours has are left out.
 */
export function sealLogoutForm(deps: Deps, { tenant, now }: RequestContext, params: Params): string {
  const pairs = logoutParameters.flatMap((name) =>
    params.all(name).flatMap((value) => (value.length > 4096 ? [] : [[name, value]])),
  );
  const form = JSON.stringify({ until: now + sealedFor, pairs });
  return deps.box.seal('logout form', tenant.id, Buffer.from(form));
}

/** @throws OAuthError invalid_request when it is none of this tenant's, or too old. */
export function openLogoutForm(deps: Deps, { tenant, now }: RequestContext, sealed: string): Params {
  const form = opened(deps, tenant.id, sealed);
  if (!form || form.until < now)
    throw new OAuthError(
      'invalid_request',
      'This request to sign out has expired. Sign out from the application again.',
    );
  return paramsFrom(form.pairs);
}

function opened(deps: Deps, tenantId: string, sealed: string) {
  try {
    const text = deps.box.open('logout form', tenantId, sealed).toString();
    return JSON.parse(text) as { until: number; pairs: [string, string][] };
  } catch {
    return undefined;
  }
}

/** The person confirms on our own page. @returns undefined when the form was not made for this browser's session. */
export async function confirmLogout(
  deps: Deps,
  context: RequestContext,
  input: { params: Params; session: string | undefined; formToken: string | undefined },
): Promise<LogoutOutcome | undefined> {
  const asked = await validate(deps, context, input.params);
  const session = await livingSession(deps, context, input.session);
  if (!session) return { kind: 'signed out', ...asked };
  return isFormToken(deps, session, input.formToken) ? end(deps, context, session, asked) : undefined;
}

async function end(
  deps: Deps,
  context: RequestContext,
  session: Session,
  target: LogoutTarget,
): Promise<LogoutOutcome> {
  await endSession(
    deps.db,
    context.tenant.id,
    session,
    'signed_out',
    eventOf(deps, actingAs(context, 'user', session.userId)),
  );
  return { kind: 'signed out', ...target };
}

async function validate(
  deps: Deps,
  context: RequestContext,
  params: Params,
): Promise<LogoutTarget & { hintedSession: string | undefined }> {
  const repeated = firstRepeated(params, [...logoutParameters, ...credentialParameters]);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `${repeated} was sent more than once.`);
  const given = params.get('id_token_hint');
  const hint = await hinted(deps, context, given);
  const clientId = params.get('client_id') ?? hint?.clientId;
  if (hint && clientId !== hint.clientId)
    throw new OAuthError('invalid_request', 'id_token_hint was issued to another client.');
  const client = clientId === undefined ? undefined : await activeClient(deps, context.tenant, clientId);
  if (clientId !== undefined && !client) throw new OAuthError('invalid_client', 'The application is not known here.');
  // Nobody is sent anywhere on the word of a hint that proves nothing: the key that signed it may have been revoked.
  const isOnItsWord = client === undefined && given !== undefined && hint === undefined;
  const redirect = isOnItsWord ? undefined : redirectAfter(client, params);
  return { client, redirect, hintedSession: hint?.sessionId };
}

function redirectAfter(client: Client | undefined, params: Params): string | undefined {
  const asked = params.get('post_logout_redirect_uri');
  if (asked === undefined) return undefined;
  if (!client)
    throw new OAuthError('invalid_request', 'post_logout_redirect_uri needs client_id or id_token_hint beside it.');
  if (matchRedirectUri(client.metadata.post_logout_redirect_uris, asked, isPublic(client.metadata)) === undefined) {
    const description = 'post_logout_redirect_uri is not one that this application has registered.';
    throw new OAuthError('invalid_request', description, undefined, { sent: asked });
  }
  const state = params.get('state');
  if (state === undefined) return asked;
  // The registered bytes as they are: what an URL is parsed to and printed as is another URL.
  return `${asked}${asked.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`;
}

/** RP-Initiated Logout 1.0 2: an ID token of ours, also an expired one. One that cannot be verified proves nothing, and the person is asked. */
async function hinted(
  deps: Deps,
  context: RequestContext,
  hint: string | undefined,
): Promise<{ clientId: string; sessionId: string | undefined } | undefined> {
  if (hint === undefined) return undefined;
  const claims = await idTokenClaims(deps, context, hint);
  if (!claims) return undefined;
  const { sid, clientId } = claims;
  return { clientId, sessionId: typeof sid === 'string' && isUuid(sid) ? sid : undefined };
}
