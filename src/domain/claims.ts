// What tokens and UserInfo tell of a user: the standard claims, roles and groups, a tenant's own, and which scope asks for which.
import type { RequestedClaims } from './claims-request.ts';
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

/** OpenID Connect Core 1.0 5.4; `roles` and `groups` as RFC 9068 2.2.3.1 names them. */
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
  roles: ['roles'],
  groups: ['groups'],
};

/** Scopes that a tenant defines itself, and the claims each of them asks for. */
export type ClaimScopes = Readonly<
  Record<string, { readonly description?: string; readonly claims: readonly string[] }>
>;

/** Every claim that UserInfo can return, for discovery. */
export function userinfoClaims(own: ClaimScopes): string[] {
  return [
    ...new Set(['sub', ...[...Object.values(claimsOfScope), ...Object.values(own).map((one) => one.claims)].flat()]),
  ];
}

/** What `scopes` ask to know, in their order. */
export function claimsOfScopes(scopes: readonly string[], own: ClaimScopes): string[] {
  return [...new Set(scopes.flatMap((scope) => claimsIn(scope, own)))];
}

function claimsIn(scope: string, own: ClaimScopes): readonly string[] {
  if (Object.hasOwn(claimsOfScope, scope)) return claimsOfScope[scope]!;
  return Object.hasOwn(own, scope) ? own[scope]!.claims : [];
}

/**
 * OpenID Connect Core 1.0 5.5: of the claims that are asked for by name those that a scope of `registered` tells, and the first
 * such scope of each, which says in words what it is.
 */
export function askedByName(
  asked: { readonly userinfo: readonly string[]; readonly idToken: readonly string[] },
  registered: readonly string[],
  own: ClaimScopes,
): RequestedClaims {
  const known = claimsOfScopes(registered, own);
  const [userinfo, idToken] = [asked.userinfo, asked.idToken].map((names) =>
    names.filter((name) => known.includes(name)),
  );
  const scopes = [...userinfo!, ...idToken!].flatMap(
    (name) => registered.find((scope) => claimsIn(scope, own).includes(name)) ?? [],
  );
  return { userinfo: userinfo!, id_token: idToken!, scopes: [...new Set(scopes)] };
}

/** Of an access token: what an API decides on. Who somebody is stays with UserInfo, unless the client's registration names it. */
export function claimsForApis(scopes: readonly string[], own: ClaimScopes): string[] {
  return claimsOfScopes(
    scopes.filter((scope) => scope === 'roles' || scope === 'groups' || Object.hasOwn(own, scope)),
    own,
  );
}

/** The claims of these names, as they are now; those without a value are left out. */
export function claimsNamed(user: User, names: readonly string[]): Record<string, unknown> {
  const known = new Map<string, unknown>(
    Object.entries({
      preferred_username: user.username,
      ...user.claims,
      email: user.email,
      email_verified: user.email === undefined ? undefined : user.emailVerified,
      updated_at: Math.floor(user.updatedAt / 1000),
      // Without those at the admin API: who administers Signet is nobody else's matter, and nobody else's to decide on.
      roles: user.roles,
      groups: user.groups,
    }),
  );
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = known.get(name);
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}

/** RFC 7519 4.1, RFC 9068 2.2 and what Signet says in tokens itself: no claim of a tenant's own has such a name. */
const reserved: ReadonlySet<string> = new Set(
  [
    'iss sub aud exp nbf iat jti nonce azp acr amr auth_time sid scope at_hash c_hash s_hash client_id grant_id cnf act',
    'may_act carried_by status events typ mfa_verified mfa_method mfa_verified_at admin_roles entitlements active token_type',
    'authorization_details email email_verified updated_at roles groups',
    storedClaims.join(' '),
  ]
    .join(' ')
    .split(' '),
);

/** Why a tenant's own claim may not be called this, or undefined when it may. */
export function customClaimProblem(name: string): string | undefined {
  if (!/^[A-Za-z][A-Za-z0-9_.:/-]{0,99}$/.test(name) || name in Object.prototype)
    return 'must be 1 to 100 letters, digits and "_.:/-", beginning with a letter';
  return reserved.has(name) ? 'has a meaning of its own in tokens: take another name' : undefined;
}

/** True for a claim that can be told of somebody at all: standard, roles, groups, or a tenant's own. */
export function isClaimName(name: string): boolean {
  return Object.values(claimsOfScope).flat().includes(name) || customClaimProblem(name) === undefined;
}
