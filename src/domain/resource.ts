// A resource (RFC 8707): an API that access tokens can be for, the scopes it knows, and what its tokens are like.
import type { SigningAlg } from './client.ts';

export type ResourceScope = { readonly name: string; readonly description?: string };

/** RFC 9068 2.1 is `at+jwt`; `JWT` is for libraries that refuse it. */
export const accessTokenTypes = ['at+jwt', 'JWT'] as const;
export type AccessTokenType = (typeof accessTokenTypes)[number];

export type Resource = {
  /** An absolute URI without fragment; the `aud` of its tokens. */
  readonly identifier: string;
  readonly name: string | undefined;
  readonly scopes: readonly ResourceScope[];
  /** Seconds: no token for it lives longer. undefined: as long as the client's. */
  readonly access_token_lifetime: number | undefined;
  /** undefined: what the client registered. */
  readonly access_token_signed_response_alg: SigningAlg | undefined;
  /** undefined: `at+jwt`. */
  readonly access_token_type: AccessTokenType | undefined;
};

/** RFC 8707 2: true for an absolute URI without fragment. */
export function isResourceIdentifier(value: string): boolean {
  return value.length <= 1000 && URL.canParse(value) && !value.includes('#') && /^[\x21-\x7e]+$/.test(value);
}

/** RFC 3986 6.2.3: what two spellings of one resource have in common: an empty path and `/` are one. */
export function resourceKey(identifier: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+\/$/i.test(identifier) ? identifier.slice(0, -1) : identifier;
}

/** Of these names the one that `uri` names: itself, else another spelling of it. */
export function namedAmong(names: readonly string[], uri: string): string | undefined {
  return names.find((name) => name === uri) ?? names.find((name) => isSameResource(name, uri));
}

/** Whether both name one resource. */
export function isSameResource(one: string, other: string): boolean {
  return resourceKey(one) === resourceKey(other);
}
