// Whom an access token is for, and which of the granted scopes mean anything there.
import { defaultTokenLifetime, type SigningAlg } from './client.ts';
import { type AccessTokenType, namedAmong, type Resource } from './resource.ts';
import { isAboutPeople } from './scope.ts';
import type { Tenant } from './tenant.ts';

/** RFC 9068 3: the resources asked for, else the tenant's default one. `known`: the tenant's resources. */
export function audienceOf(tenant: Tenant, asked: readonly string[], known: readonly Resource[]): readonly string[] {
  return asked.length > 0 ? asked : [defaultResourceOf(tenant, known)];
}

/** The one that is set, by the name that is registered; the issuer unless one is. */
export function defaultResourceOf({ settings, issuer }: Tenant, known: readonly Resource[]): string {
  const set = settings.default_resource ?? issuer;
  return (
    namedAmong(
      known.map(({ identifier }) => identifier),
      set,
    ) ?? set
  );
}

/**
 * RFC 9700 2.3: the granted scopes that mean something to the resources asked for. None asked: all. Else those that the
 * resources register, and with the issuer among them also those that no resource registers (the OpenID Connect ones).
 */
export function scopesFor(
  tenant: Tenant,
  asked: readonly string[],
  granted: readonly string[],
  resources: readonly Resource[],
): readonly string[] {
  if (asked.length === 0) return granted;
  return granted.filter((scope) => {
    const owners = resources.filter((resource) => knows(resource, scope));
    // What nobody registers any more must not stand before an API that still knows it.
    if (owners.length === 0)
      return asked.includes(tenant.issuer) && (asked.length === 1 || isAboutPeople(tenant, scope));
    return owners.some(({ identifier }) => asked.includes(identifier));
  });
}

/**
 * RFC 8707 2: the resources that the scopes belong to, where none is named: the one that has all of those that any has, else all
 * that have one. None where no resource has any of the scopes: then the tenant's default is meant.
 */
export function impliedResources(scopes: readonly string[], resources: readonly Resource[]): readonly string[] {
  const owned = scopes.filter((scope) => resources.some((resource) => knows(resource, scope)));
  const owners = resources.filter((resource) => owned.some((scope) => knows(resource, scope)));
  const whole = owners.filter((resource) => owned.every((scope) => knows(resource, scope)));
  return (whole.length === 1 ? whole : owners).map(({ identifier }) => identifier);
}

/** What an access token is like: how long it lives in seconds, what it is signed with, and its `typ`. */
export type TokenShape = {
  readonly lifetime: number;
  readonly alg: SigningAlg;
  readonly type: AccessTokenType;
};

/**
 * What all its audiences agree on: the shortest life, of each what it says itself or else what is asked for; what a resource signs
 * with before what the client does. @returns the name of what two of them want differently.
 */
export function shapeFor(
  audience: readonly string[],
  resources: readonly Resource[],
  asked: { readonly lifetime: number | undefined; readonly alg: SigningAlg },
): TokenShape | 'algorithms' | 'types' {
  const found = resources.filter(({ identifier }) => audience.includes(identifier));
  const algs = new Set(found.flatMap((one) => one.access_token_signed_response_alg ?? []));
  if (algs.size > 1) return 'algorithms';
  // Who is no resource, which is the issuer, takes either: what else it is told by is in the token.
  const types = new Set(found.map((one) => one.access_token_type ?? 'at+jwt'));
  if (types.size > 1) return 'types';
  // Each audience has its say: a long life at one is none at the others.
  const lifetimes = audience.map((one) => {
    const own = found.find(({ identifier }) => identifier === one)?.access_token_lifetime;
    return Math.min(own ?? Infinity, asked.lifetime ?? own ?? defaultTokenLifetime);
  });
  return {
    lifetime: Math.min(...lifetimes),
    alg: [...algs][0] ?? asked.alg,
    type: [...types][0] ?? 'at+jwt',
  };
}

function knows({ scopes }: Resource, scope: string): boolean {
  return scopes.some(({ name }) => name === scope);
}
