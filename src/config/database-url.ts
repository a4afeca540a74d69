// How the connection to PostgreSQL is protected on its way.
import { isLoopbackHost } from '../domain/redirect-uri.ts';

/**
 * The address with TLS and a verified certificate (`sslmode=verify-full`) unless it says otherwise, or leads to a socket or to
 * this machine. undefined for what is no address.
 */
export function protectedDatabaseUrl(text: string): string | undefined {
  const url = parsed(text);
  if (!url) return undefined;
  const { hostname, searchParams } = url;
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  const isNear = host === '' || host.startsWith('/') || isLoopbackHost(host);
  if (isNear || ['sslmode', 'ssl'].some((name) => searchParams.has(name))) return text;
  return `${text}${text.includes('?') ? '&' : '?'}sslmode=verify-full`;
}

/** The path of the private key with which we prove who we are to the database, if the address names one. */
export function clientKeyFile(text: string): string | undefined {
  return parsed(text)?.searchParams.get('sslkey') ?? undefined;
}

/** The user whom the address names; undefined when it names none. */
export function userOf(text: string): string | undefined {
  const name = /^postgres(?:ql)?:\/\/([^:@/?]+)[^@/?]*@/.exec(text)?.[1];
  return name === undefined ? undefined : decodedName(name);
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function parsed(text: string): URL | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return undefined;
  // pg allows a user without a host when the host is a socket named in the query, which URL does not.
  return URL.parse(text.replace('@/', '@localhost/')) ?? undefined;
}

/** A sentence for the log when whoever stands in between could read everything, though TLS seems to be on. */
export function unverifiedWarning(url: string | undefined): string | undefined {
  return url !== undefined && /[?&]sslmode=no-verify(?:&|$)/.test(url)
    ? 'DATABASE_URL says sslmode=no-verify: nothing proves that it is the database which answers. Name the authority of its certificate with sslrootcert=FILE instead.'
    : undefined;
}
