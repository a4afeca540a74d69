// What a verified access token says, under names for people who write an API.
import type { JWTPayload } from 'jose';

/** RFC 9068 2: a token that was checked. Times in seconds since 1970. */
export type VerifiedToken = {
  /** `sub`: the user, or the client that acts for itself. */
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly audience: readonly string[];
  readonly expiresAt: number;
  readonly issuedAt?: number | undefined;
  /** `auth_time`: when the user signed in. */
  readonly authenticatedAt?: number | undefined;
  /** How sure it is that it was the user. */
  readonly acr?: string | undefined;
  /** How the user signed in (RFC 8176). */
  readonly amr: readonly string[];
  /** Whether a client acts for itself: no user stands behind it. */
  readonly isClient: boolean;
  /** All that the token says. */
  readonly claims: Readonly<JWTPayload>;
};

/**
 * RFC 9068 2.2: what the claims say, or undefined when one is missing or of another kind. `mayBeIdToken`: its type does not
 * tell it from an ID token, so its claims must.
 */
export function verifiedToken(claims: JWTPayload, mayBeIdToken: boolean): VerifiedToken | undefined {
  const { sub, aud, exp, iat, jti, client_id: clientId, scope, auth_time: authenticatedAt, acr } = claims;
  if (typeof sub !== 'string' || sub === '' || typeof clientId !== 'string' || clientId === '') return undefined;
  if (scope !== undefined && typeof scope !== 'string') return undefined;
  if (mayBeIdToken && (typeof jti !== 'string' || scope === undefined)) return undefined;
  return {
    subject: sub,
    clientId,
    scopes: scope ? scope.split(' ') : none,
    roles: stringsOf(claims['roles']),
    groups: stringsOf(claims['groups']),
    audience: typeof aud === 'string' ? [aud] : stringsOf(aud),
    expiresAt: exp!,
    issuedAt: iat,
    authenticatedAt: typeof authenticatedAt === 'number' ? authenticatedAt : undefined,
    acr: typeof acr === 'string' ? acr : undefined,
    amr: stringsOf(claims['amr']),
    isClient: sub === clientId,
    claims,
  };
}

const none: readonly string[] = Object.freeze([]);

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : none;
}
