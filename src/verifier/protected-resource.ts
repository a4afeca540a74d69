// RFC 9728: what an API says of itself, and where.

export type ProtectedResource = {
  /** The identifier of the API, which is the audience of its tokens: a URL without fragment. */
  readonly resource: string;
  /** Issuers whose tokens it takes. */
  readonly authorizationServers: readonly string[];
  readonly scopes?: readonly string[] | undefined;
  /** For people. */
  readonly name?: string | undefined;
  /** A page for developers. */
  readonly documentation?: string | undefined;
};

/** RFC 9728 2: the metadata document, to be answered as `application/json`. @throws TypeError for a resource that is no URL */
export function protectedResourceMetadata(described: ProtectedResource): Readonly<Record<string, unknown>> {
  const { resource, authorizationServers, scopes, name, documentation } = described;
  protectedResourcePath(resource);
  if (authorizationServers.length === 0)
    throw new TypeError('authorizationServers is empty. Give the issuer of the tokens.');
  return {
    resource,
    authorization_servers: [...authorizationServers],
    ...(scopes && { scopes_supported: [...scopes] }),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
  };
}

/** RFC 9728 3.1: the path, with query, at which the metadata of `resource` stands on its host. @throws TypeError */
export function protectedResourcePath(resource: string): string {
  const url = URL.parse(resource);
  if (!url || !/^https?:$/.test(url.protocol) || resource.includes('#'))
    throw new TypeError('resource must be an https URL without fragment.');
  const { pathname, search } = url;
  return `/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}${search}`;
}
