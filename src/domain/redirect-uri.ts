// Which redirect URIs may be registered, and which requested one matches a registered one.

const loopbackIp = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?((?:[/?].*)?)$/;

/** True for the hosts that never leave the machine: localhost, its subdomains, 127.0.0.0/8 and [::1]. */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    hostname === '::1' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

/**
 * RFC 9700 2.1 and 2.6, RFC 8252 7: why `uri` may not be registered as a redirect URI, or undefined when it may.
 * Allowed: https anywhere, http on loopback, and for public clients a private-use scheme with a dot in it.
 */
export function redirectUriProblem(uri: string, isPublicClient: boolean): string | undefined {
  if (uri.includes('*')) return 'has a *, and there are no wildcards: write each address out';
  const problem = webUriProblem(uri);
  if (problem !== undefined) {
    return isPublicClient && isPrivateUse(uri) ? undefined : problem;
  }
  const url = new URL(uri);
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) return 'must use https (http only on loopback)';
  return undefined;
}

/** RFC 8252 7.1: a scheme with a dot in it, in an address that every parser takes, with no name and password before a host. */
function isPrivateUse(uri: string): boolean {
  if (!/^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/.test(uri) || !isPlain(uri) || uri.includes('#')) return false;
  if (!URL.canParse(uri)) return false;
  const { username, password } = new URL(uri);
  return username === '' && password === '';
}

/** Why `uri` is not a plain absolute http(s) URI without fragment, credentials and wildcards, or undefined when it is. */
export function webUriProblem(uri: string): string | undefined {
  if (/[^\p{ASCII}]/u.test(uri)) return `must be written in ASCII${asAscii(uri)}`;
  if (!isPlain(uri)) return 'must not contain spaces, quotes, angle brackets, control characters or backslashes';
  let url: URL;
  try {
    url = new URL(uri);
  } catch {
    return 'must be an absolute URI';
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return 'must use https, or a private-use scheme such as com.example.app for a public client';
  // new URL repairs what RFC 3986 forbids ("https:host", "https:///host"); what is registered must need no repair.
  if (!/^https?:\/\/[^/?#]/i.test(uri)) return 'must be an absolute URI';
  if (url.username !== '' || url.password !== '') return 'must not contain credentials';
  if (uri.includes('#')) return 'must not have a fragment';
  if (url.hostname.includes('*')) return 'must not contain wildcards';
  return undefined;
}

/** RFC 3490, RFC 3986 2.1: the same address as browsers send it. */
function asAscii(uri: string): string {
  return URL.canParse(uri) ? `: ${new URL(uri).href}` : '';
}

/** RFC 3986 2: what may stand in a URI at all. */
function isPlain(uri: string): boolean {
  return uri.length <= 2000 && /^[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+$/.test(uri);
}

/**
 * RFC 9700 2.1: the registered redirect URI that `requested` matches, by exact string comparison. RFC 8252 7.3: for
 * public clients the port of a loopback IP may vary.
 */
export function matchRedirectUri(
  registered: readonly string[],
  requested: string,
  isPublicClient: boolean,
): string | undefined {
  if (registered.includes(requested)) return requested;
  if (!isPublicClient) return undefined;
  const asked = loopbackIp.exec(requested);
  if (!asked || !isPlain(requested) || requested.includes('#') || Number(asked[2] ?? '80') > 65535) return undefined;
  return registered.find((uri) => {
    const known = loopbackIp.exec(uri);
    return known !== null && known[1] === asked[1] && known[3] === asked[3];
  });
}

/**
 * RFC 8252 7.3 for CORS: the loopback IP of an origin whose port may vary, as redirect URIs may; undefined for every other
 * origin. The same for two origins that differ in nothing but the port.
 */
export function loopbackOf(origin: string): string | undefined {
  const asked = loopbackIp.exec(origin);
  return asked?.[3] === '' && Number(asked[2] ?? '80') <= 65535 ? asked[1] : undefined;
}

/** True when what arrives at `uri` may be read by any program on the person's machine (RFC 8252 8.6). */
export function isReadableByOtherPrograms(uri: string): boolean {
  if (!/^https?:/i.test(uri)) return true;
  return isLoopbackHost(new URL(uri).hostname);
}
