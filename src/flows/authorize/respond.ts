// The authorization response: a code with its grant, or an error, for the client's redirect URI.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { type AuthorizationRequest, consentScopes } from '../../domain/authorization-request.ts';
import type { Client } from '../../domain/client.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import type { OAuthErrorCode, ResponseTarget } from '../../domain/errors.ts';
import type { Session } from '../../domain/session.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { issueCode } from '../../storage/authorization-codes.ts';
import { eventOf, newId } from '../events.ts';

/** What goes to the client, and how. */
export type AuthorizationResponse = {
  readonly kind: 'respond';
  readonly target: ResponseTarget;
  readonly clientId: string;
  readonly params: Readonly<Record<string, string>>;
};

/** Milliseconds (RFC 9700 wants it short; RFC 6749 4.1.2 allows ten minutes). */
const codeLifetime = 60_000;

/** RFC 6749 4.1.2: the response with a code, or undefined when session, user, consent or attempt ended meanwhile. */
export async function respondWithCode(
  deps: Deps,
  context: RequestContext,
  client: Client,
  request: AuthorizationRequest,
  session: Session,
  attemptId: string | undefined,
): Promise<AuthorizationResponse | undefined> {
  const { now } = context;
  const code = opaqueToken('authorizationCode', deps.random(opaqueBytes));
  const issued = await issueCode(
    deps.db,
    context.tenant.id,
    {
      sessionId: session.id,
      attemptId,
      grantId: newId(deps, now),
      clientId: client.id,
      scopes: request.scopes,
      consentScopes: consentScopes(request),
      claims: request.claims,
      resources: request.resources,
      // Consent to it is stored, was just given, or the client is the tenant's own: the next step was decided so.
      offline: request.scopes.includes('offline_access'),
      grantExpiresAt: now + client.metadata.refresh_token_lifetime * 1000,
      hash: code.hash,
      redirectUri: request.target.redirectUri,
      codeChallenge: request.codeChallenge,
      nonce: request.nonce,
      codeExpiresAt: now + codeLifetime,
      requiresStoredConsent: !client.metadata.first_party,
    },
    eventOf(deps, actingAs(context, 'user', session.userId)),
  );
  return issued ? response(context.tenant, request, { code: code.token }) : undefined;
}

/** RFC 6749 4.1.2.1. */
export function respondWithError(
  tenant: Tenant,
  to: Recipient,
  code: OAuthErrorCode,
  description: string,
): AuthorizationResponse {
  return response(tenant, to, { error: code, error_description: description });
}

/** The client that waits for the response, and where. */
type Recipient = { readonly clientId: string; readonly target: ResponseTarget };

/** RFC 9207 2: every response names its issuer, except to a client that was let off it. */
function response(
  tenant: Tenant,
  { clientId, target }: Recipient,
  params: Record<string, string>,
): AuthorizationResponse {
  return {
    kind: 'respond',
    target,
    clientId,
    params: {
      ...params,
      ...(target.state === undefined ? {} : { state: target.state }),
      ...(target.withoutIss ? {} : { iss: tenant.issuer }),
    },
  };
}
