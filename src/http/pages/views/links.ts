// Which addresses a page may link to; every other one is left out, whoever registered it.

const nowhere = 'http://nowhere.invalid';

/** The address when it is an http or https URL or a path on this server, else undefined. */
export function webLink(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined;
  if (uri.startsWith('/')) return ownPath(uri);
  const url = URL.parse(uri);
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url.href : undefined;
}

/** As `webLink`, or with a private-use scheme of a native application, which has a dot (RFC 8252 section 7.1). */
export function appLink(uri: string | undefined): string | undefined {
  const url = uri === undefined ? null : URL.parse(uri);
  return url?.protocol.includes('.') ? url.href : webLink(uri);
}

/** The part of an address that tells a person where it leads. */
export function hostOf(uri: string): string {
  return URL.parse(uri)?.host || uri;
}

// A path may hide another host ("//", "/\", "/<tab>/"), so it is judged by where a browser would take it.
function ownPath(path: string): string | undefined {
  const url = URL.parse(path, nowhere);
  if (url?.origin !== nowhere || url.pathname.startsWith('//')) return undefined;
  return url.pathname + url.search + url.hash;
}
