// A resource (RFC 8707): an API that access tokens can be for, and the scopes it knows.

export type ResourceScope = { readonly name: string; readonly description?: string };

/** The resource that administrators' tokens are for. Not every client of a tenant gets them. */
export function adminApiOf(issuer: string): string {
  return `${issuer}/admin/api`;
}

export type Resource = {
  /** An absolute URI without fragment; the `aud` of its tokens. */
  readonly identifier: string;
  readonly name: string | undefined;
  readonly scopes: readonly ResourceScope[];
};

/** RFC 8707 2: true for an absolute URI without fragment. */
export function isResourceIdentifier(value: string): boolean {
  return value.length <= 1000 && URL.canParse(value) && !value.includes('#') && /^[\x21-\x7e]+$/.test(value);
}
