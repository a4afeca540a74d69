// How and when somebody proved who they are, and the claims that say so in every token.

/** Milliseconds for times. */
export type Authentication = {
  readonly at: number;
  /** RFC 8176 names. */
  readonly amr: readonly string[];
  readonly acr: string;
  readonly mfaMethod: string | undefined;
  readonly mfaVerifiedAt: number | undefined;
};

/**
 * OpenID Connect Core 1.0 2: `auth_time`, `acr`, `amr`; and whether a second factor was proven, by which and when. Of ID
 * tokens (`id`) the latter only where one was: to others than the tenant's own APIs its absence says nothing.
 */
export function authenticationClaims(authentication: Authentication, token: 'access' | 'id'): Record<string, unknown> {
  const mfaAt = authentication.mfaVerifiedAt;
  return {
    auth_time: Math.floor(authentication.at / 1000),
    acr: authentication.acr,
    amr: authentication.amr,
    ...((token === 'access' || mfaAt !== undefined) && {
      mfa_verified: mfaAt !== undefined,
      mfa_method: authentication.mfaMethod ?? null,
    }),
    ...(mfaAt !== undefined && { mfa_verified_at: Math.floor(mfaAt / 1000) }),
  };
}
