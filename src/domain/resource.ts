// A resource (RFC 8707): an API that access tokens can be for, and the scopes it knows.

export type ResourceScope = { readonly name: string; readonly description?: string };

export type Resource = {
  /** An absolute URI without fragment; the `aud` of its tokens. */
  readonly identifier: string;
  readonly name: string | undefined;
  readonly scopes: readonly ResourceScope[];
};
