// Scope strings and the scopes that every tenant knows.
import type { Tenant } from './tenant.ts';

/** OpenID Connect Core 1.0 5.4 and 11; `roles` and `groups` tell the claims of these names. */
export const standardScopes = [
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'roles',
  'groups',
  'offline_access',
] as const;

/** Whether a scope asks for something about the person: of those that every tenant knows, or of the tenant's own. */
export function isAboutPeople({ settings }: Tenant, scope: string): boolean {
  return (standardScopes as readonly string[]).includes(scope) || Object.hasOwn(settings.claim_scopes, scope);
}

/** What a client may have that registered no scope: who somebody is, and nothing that lasts. */
export const defaultScope = 'openid profile email';

/** Given only to who asks for them: an ID token, and what goes on while the person is away. */
export const neverUnasked: readonly string[] = ['openid', 'offline_access'];

/** For people: OpenID Connect's own scopes first, from who one is to what lasts, then the others by name. */
export function inReadingOrder(scopes: readonly string[]): string[] {
  const rank = (scope: string) => {
    const index = (standardScopes as readonly string[]).indexOf(scope);
    return index < 0 ? standardScopes.length : index;
  };
  return scopes.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

/** RFC 6749 3.3: the scope tokens of a scope string without repetitions, or undefined when it is malformed. */
export function parseScope(scope: string): string[] | undefined {
  const tokens = scope.split(' ').filter((token) => token !== '');
  if (!tokens.every((token) => /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(token))) return undefined;
  return [...new Set(tokens)];
}
