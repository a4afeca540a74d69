// Signing out: RP-initiated, with a confirmation unless an ID token of this very session asks for it.
import { verifyJwt } from '../crypto/jwt.ts';
import type { Deps } from '../deps.ts';
import { type Client, isPublic } from '../domain/client.ts';
import { actingAs, type RequestContext } from '../domain/context.ts';
import { OAuthError } from '../domain/errors.ts';
import { firstRepeated, type Params } from '../domain/params.ts';
import { matchRedirectUri } from '../domain/redirect-uri.ts';
import type { Session } from '../domain/session.ts';
import { endSession } from '../storage/sessions.ts';
import { activeClient } from './clients/current.ts';
import { eventOf } from './events.ts';
import { keyRing } from './keys/ring.ts';
import { formToken, isFormToken, livingSession } from './sign-in/session.ts';

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

/** OpenID Connect RP-Initiated Logout 1.0 2 and 3. @throws OAuthError for the person: a wrong request never redirects. */
export async function logout(
  deps: Deps,
  context: RequestContext,
  input: { params: Params; session: string | undefined },
): Promise<LogoutOutcome> {
  const asked = await validate(deps, context, input.params);
  const session = await livingSession(deps, context, input.session);
  if (!session || input.session === undefined) return { kind: 'signed out', ...asked };
  // Only an ID token of this very session proves that its client asks for its end.
  if (asked.hintedSession === session.id) return end(deps, context, session, asked);
  return {
    kind: 'confirm',
    client: asked.client,
    username: session.username,
    formToken: formToken(deps, input.session),
    uiLocales: input.params.get('ui_locales'),
  };
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
  return isFormToken(deps, input.session, input.formToken) ? end(deps, context, session, asked) : undefined;
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
  const repeated = firstRepeated(params, []);
  if (repeated !== undefined) throw new OAuthError('invalid_request', `${repeated} was sent more than once.`);
  const hint = await hinted(deps, context, params.get('id_token_hint'));
  const clientId = params.get('client_id') ?? hint?.clientId;
  if (hint && clientId !== hint.clientId)
    throw new OAuthError('invalid_request', 'id_token_hint was issued to another client.');
  const client = clientId === undefined ? undefined : await activeClient(deps, context.tenant, clientId);
  if (clientId !== undefined && !client) throw new OAuthError('invalid_client', 'The application is not known here.');
  return { client, redirect: redirectAfter(client, params), hintedSession: hint?.sessionId };
}

function redirectAfter(client: Client | undefined, params: Params): string | undefined {
  const asked = params.get('post_logout_redirect_uri');
  if (asked === undefined) return undefined;
  if (!client)
    throw new OAuthError('invalid_request', 'post_logout_redirect_uri needs client_id or id_token_hint beside it.');
  if (matchRedirectUri(client.metadata.post_logout_redirect_uris, asked, isPublic(client.metadata)) === undefined) {
    const description = 'post_logout_redirect_uri is not one that this application has registered.';
    throw new OAuthError('invalid_request', description, undefined, asked);
  }
  const url = new URL(asked);
  const state = params.get('state');
  if (state !== undefined) url.searchParams.append('state', state);
  return state === undefined ? asked : url.href;
}

/** RP-Initiated Logout 1.0 2: an ID token of ours, also an expired one. */
async function hinted(
  deps: Deps,
  { tenant }: RequestContext,
  hint: string | undefined,
): Promise<{ clientId: string; sessionId: string | undefined } | undefined> {
  if (hint === undefined) return undefined;
  const claims = await verifyJwt(hint, ['JWT'], (await keyRing(deps, tenant)).verification);
  if (!claims || claims['iss'] !== tenant.issuer || typeof claims['aud'] !== 'string') {
    throw new OAuthError('invalid_request', 'id_token_hint is not an ID token of this issuer.');
  }
  return { clientId: claims['aud'], sessionId: typeof claims['sid'] === 'string' ? claims['sid'] : undefined };
}
