// Whom an access token is for, and which of the granted scopes mean anything there.
import { defaultTokenLifetime, type SigningAlg } from './client.ts';
import type { AccessTokenType, Resource } from './resource.ts';
import type { Tenant } from './tenant.ts';

/** RFC 9068 3: the resources asked for, else the tenant's default resource, which is the issuer unless set. */
export function audienceOf(tenant: Tenant, resources: readonly string[]): readonly string[] {
  return resources.length > 0 ? resources : [tenant.settings.default_resource ?? tenant.issuer];
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
    if (owners.length === 0) return asked.includes(tenant.issuer);
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
 * What all its audiences agree on: the shortest life of theirs and of `asked`; what a resource asks for before what the client
 * does. @returns the name of what two of them want differently.
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
  const lifetimes = [asked.lifetime, ...found.map((one) => one.access_token_lifetime)].filter(
    (one) => one !== undefined,
  );
  return {
    lifetime: lifetimes.length === 0 ? defaultTokenLifetime : Math.min(...lifetimes),
    alg: [...algs][0] ?? asked.alg,
    type: [...types][0] ?? 'at+jwt',
  };
}

function knows({ scopes }: Resource, scope: string): boolean {
  return scopes.some(({ name }) => name === scope);
}
