// The one decision of the authorize endpoint: from what was asked and what is known to the next step. Pure; every page returns to it.
import { type AuthorizationRequest, consentScopes } from './authorization-request.ts';
import { type Client, isPublic } from './client.ts';
import type { OAuthErrorCode } from './errors.ts';
import { demandedAcr, type MfaPolicy, reaches } from './factors.ts';
import { isReadableByOtherPrograms } from './redirect-uri.ts';
import { freshProof, type Session } from './session.ts';

/** What this visit has already proven, when it has a row of its own. */
export type AttemptProgress = {
  /** The session that this attempt's own sign-in made or renewed. */
  readonly sessionId: string | undefined;
  /** Milliseconds. */
  readonly authenticatedAt: number | undefined;
  /** The session whose person consented in this attempt. */
  readonly consentedSessionId: string | undefined;
  /** The session whose person wants to go on as somebody else. */
  readonly leavingSessionId: string | undefined;
};

export type StoredConsent = { readonly scopes: readonly string[]; readonly resources: readonly string[] };

export type Situation = {
  readonly request: AuthorizationRequest;
  readonly client: Client;
  /** Only a session that is alive. */
  readonly session: Session | undefined;
  readonly attempt: AttemptProgress | undefined;
  readonly consent: StoredConsent | undefined;
  /** What the tenant says of the second factors of the session's person. */
  readonly mfa: MfaPolicy;
  /** Milliseconds. */
  readonly now: number;
};

export type Step =
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'consent' }
  | { readonly kind: 'respond'; readonly session: Session }
  | { readonly kind: 'error'; readonly code: OAuthErrorCode; readonly description: string };

/** OpenID Connect Core 1.0 3.1.2.1 to 3.1.2.6: sign in, ask for consent, answer, or say why not. */
export function nextStep(situation: Situation): Step {
  const { request, session } = situation;
  const silent = request.prompt.includes('none');
  if (session === undefined || needsSignIn(situation)) {
    if (silent) return { kind: 'error', code: 'login_required', description: 'The user has to sign in.' };
    return { kind: 'sign-in' };
  }
  if (needsConsent(situation)) {
    if (silent) return { kind: 'error', code: 'consent_required', description: 'The user has to consent.' };
    return { kind: 'consent' };
  }
  return { kind: 'respond', session };
}

/** Whether the person has to sign in before anything else, whatever was consented to. */
export function needsSignIn(situation: Omit<Situation, 'consent'>): boolean {
  return situation.session === undefined || mustSignIn(situation, situation.session);
}

/** Milliseconds that a browser is given from the sign-in back to the application, where max_age asks for less. */
const wayBack = 10_000;

function mustSignIn({ request, attempt, client, mfa, now }: Omit<Situation, 'consent'>, session: Session): boolean {
  if (request.hintedUserId !== undefined && request.hintedUserId !== session.userId) return true;
  const asked = request.acrValues.length > 0 ? request.acrValues : (client.metadata.default_acr_values ?? []);
  const demanded = demandedAcr({ enrolled: [], tenant: mfa, client: client.metadata.required_acr, request: asked });
  if (!reaches(session.authentication.acr, demanded)) return true;
  const maxAge = request.maxAge ?? client.metadata.default_max_age;
  // A sign-in counts as fresh only if this very attempt made it, not long ago, and its session is still the browser's.
  const own = attempt?.sessionId === session.id ? attempt.authenticatedAt : undefined;
  const fresh = maxAge === undefined ? freshProof : Math.max(maxAge * 1000, wayBack);
  if (own !== undefined && now - own < fresh) return false;
  if (attempt?.leavingSessionId === session.id) return true;
  if (request.prompt.includes('login') || request.prompt.includes('select_account')) return true;
  return maxAge !== undefined && now - session.authentication.at >= maxAge * 1000;
}

function needsConsent({ request, client, session, attempt, consent }: Situation): boolean {
  if (session !== undefined && attempt?.consentedSessionId === session.id) return false;
  if (request.prompt.includes('consent')) return true;
  // RFC 9700 4.1.3 and RFC 8252 8.6: another program could pose as this client, so each time is asked anew.
  if (isPublic(client.metadata) && isReadableByOtherPrograms(request.target.redirectUri)) return true;
  if (client.metadata.first_party) return false;
  if (consent === undefined) return true;
  return (
    !consentScopes(request).every((scope) => consent.scopes.includes(scope)) ||
    !request.resources.every((uri) => consent.resources.includes(uri))
  );
}
