// The standard claims and which scope asks for which.
import type { User } from './user.ts';

/** OpenID Connect Core 1.0 5.1, without those that have columns of their own. */
export const storedClaims = [
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'phone_number',
  'phone_number_verified',
  'address',
] as const;

/** OpenID Connect Core 1.0 5.4. */
const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  profile: [
    'name',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** Every claim that UserInfo can return, for discovery. */
export const userinfoClaims = ['sub', ...Object.values(claimsOfScope).flat()];

/** OpenID Connect Core 1.0 5.4: what `scopes` ask to know of `user`; claims without a value are left out. */
export function claimsForScopes(user: User, scopes: readonly string[]): Record<string, unknown> {
  const known: Record<string, unknown> = {
    preferred_username: user.username,
    ...user.claims,
    email: user.email,
    email_verified: user.email === undefined ? undefined : user.emailVerified,
    updated_at: Math.floor(user.updatedAt / 1000),
  };
  const claims: Record<string, unknown> = { sub: user.id };
  for (const scope of scopes) {
    for (const name of claimsOfScope[scope] ?? [])
      if (known[name] !== undefined && known[name] !== null) claims[name] = known[name];
  }
  return claims;
}
