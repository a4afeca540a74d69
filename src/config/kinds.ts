// The kinds of value that a setting can have: each reads one text, or says in words what the text should have been.
import { accessSync, constants, readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type Mailbox, parseMailbox, type SmtpServer } from '../domain/mail.ts';
import { protectedDatabaseUrl } from './database-url.ts';
import { parseSecretKey } from './secret-key.ts';
import { isLoopbackHost } from '../domain/redirect-uri.ts';
import { passwordProblem, shortestPassword } from '../domain/user.ts';
import { isEmail } from '../domain/user.ts';

/** Why a text is not a fit value. The message continues the setting's name, and never repeats the text of a secret. */
export class BadValue extends Error {}

/** A kind of value: `expects` completes "must be ..."; `parse` throws `BadValue`. */
export interface Kind<T> {
  readonly expects: string;
  readonly parse: (text: string) => T;
}

/** A kind whose `read` gives undefined for what is not fit. */
export function kind<T>(expects: string, read: (text: string) => T | undefined): Kind<T> {
  return {
    expects,
    parse: (text) => {
      const value = read(text);
      if (value === undefined) throw new BadValue(`must be ${expects}`);
      return value;
    },
  };
}

/** A whole number within bounds, both included. */
export function whole(min: number, max: number): Kind<number> {
  return kind(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** One word of a list. */
export function oneOf<const W extends string>(...words: readonly W[]): Kind<W> {
  return kind(`one of ${words.join(', ')}`, (text) => words.find((word) => word === text.toLowerCase()));
}

/** `true` or `false`. */
export const flag: Kind<boolean> = kind('true or false', (text) => {
  const word = text.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
});

/** The path of a directory, which need not exist yet. */
export const directory: Kind<string> = kind('the path of a directory', singleLine);

/** The path of a file that this process can read now. */
export const readableFile: Kind<string> = kind('the path of a file', (text) => {
  if (singleLine(text) === undefined) return undefined;
  try {
    accessSync(text, constants.R_OK);
  } catch (error) {
    throw new BadValue(`must be the path of a file that Signet can read (${codeOf(error)})`);
  }
  return text;
});

/** An address to listen on: an IP address or a host name, without scheme, port or brackets. */
export const listenHost: Kind<string> = kind('an IP address or host name, without scheme or port', (text) =>
  isIP(text) !== 0 || /^(?=.*[a-z])[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(text) ? text : undefined,
);

/** An origin, with a path where a host is shared, without a trailing slash, normalised; `http` only on loopback. */
export const publicAddress: Kind<string> = kind(
  'an address such as https://id.example.com or https://example.com/id, without query and fragment',
  (text) => {
    const path = /^https?:\/\/[^/?#@\\\s]+?((?:\/[\w.~-]+)*)\/?$/i.exec(text)?.[1];
    if (path === undefined) return undefined;
    const url = URL.parse(text);
    if (url === null || !/^([a-z\d.-]+|\[[a-f\d:]+\])$/.test(url.hostname)) return undefined;
    // Nothing that a parser would rewrite, and nothing that reads like a tenant or a document of another issuer.
    if (url.href.replace(/\/$/, '') !== `${url.origin}${path}`) return undefined;
    if (/\/t(?:\/|$)|\/\.well-known(?:\/|$)/.test(path))
      throw new BadValue('must not have /t or /.well-known in its path');
    if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
      throw new BadValue('must start with https://, because http is only safe on a loopback host such as localhost');
    }
    return `${url.origin}${path}`;
  },
);

/** The address of a PostgreSQL database, as `pg` takes it. */
export const postgresUrl: Kind<string> = kind(
  'an address such as postgres://user:password@host:5432/database, with special characters in user and password percent-encoded',
  protectedDatabaseUrl,
);

/** One or more secret keys, the current one first. */
export const keyList: Kind<Buffer[]> = kind(
  '32 bytes in base64, or several such keys with commas between them',
  (text) => {
    const entries = splitList(text);
    const keys = entries.map(parseSecretKey);
    const howTo = 'must be 32 bytes in base64; make a key with: openssl rand -base64 32';
    const bad = keys.flatMap((key, index) => (key === undefined ? [index + 1] : []));
    if (bad.length > 0) {
      throw new BadValue(
        entries.length === 1 ? howTo : `${howTo} (wrong: number ${bad.join(', ')} of ${entries.length})`,
      );
    }
    const distinct = keys.filter((key) => key !== undefined);
    if (new Set(distinct.map((key) => key.toString('hex'))).size < distinct.length) {
      throw new BadValue('must not name the same key twice; remove the repeated one');
    }
    return distinct;
  },
);

/** IP addresses and CIDR ranges, none of them wide enough to mean "everybody". */
export const proxyList: Kind<string[]> = kind(
  'IP addresses and ranges with commas between them, such as 10.0.0.5,192.168.0.0/16',
  (text) => {
    const entries = splitList(text);
    const reasons = entries.flatMap((entry) => {
      const reason = whyNotProxy(entry);
      return reason === undefined ? [] : [`"${entry}" ${reason}`];
    });
    if (reasons.length > 0) {
      throw new BadValue(
        `must list the IP addresses or ranges of your proxies and nothing else: ${reasons.join(', ')}`,
      );
    }
    return entries;
  },
);

function whyNotProxy(entry: string): string | undefined {
  const [, address, bits] = /^([\da-f:.]+)(?:\/(\d{1,3}))?$/i.exec(entry) ?? [];
  const version = address === undefined ? 0 : isIP(address);
  const width = version === 6 ? 128 : 32;
  const prefix = bits === undefined ? width : Number(bits);
  if (address === undefined || version === 0 || prefix > width) return 'is not an address or range';

  // The widest ranges set aside for private use are 10.0.0.0/8 and fc00::/7.
  const range = new BlockList();
  range.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4');
  if (prefix < (version === 6 ? 7 : 8) || range.check('0.0.0.0') || range.check('::', 'ipv6')) {
    return 'would trust everybody, so that any caller could forge its address';
  }
  // In ::ffff:0:0/96 every IPv4 address has a second spelling, which would get round the bound above.
  const mapped = new BlockList();
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6');
  if (version === 6 && mapped.check(address, 'ipv6')) {
    return 'is IPv4 in IPv6 notation, write it as IPv4';
  }
  return undefined;
}

/** A certificate with its chain in PEM, given as text or as the path of a file. Answers the PEM text. */
export const pemCertificate: Kind<string> = kind('a certificate in PEM, or the path of a file with one', (text) =>
  pem(text, (cert) => createSecureContext({ cert })),
);

/** An unencrypted private key in PEM, given as text or as the path of a file. Answers the PEM text. */
export const pemKey: Kind<string> = kind('an unencrypted private key in PEM, or the path of a file with one', (text) =>
  pem(text, (key) => createSecureContext({ key })),
);

/** The path in a text that is either PEM or the path of a file with it. */
export function pemPath(text: string): string | undefined {
  return text.includes('-----BEGIN ') ? undefined : text;
}

function pem(text: string, check: (pemText: string) => unknown): string | undefined {
  let content = text;
  const path = pemPath(text);
  if (path !== undefined) {
    try {
      content = readFileSync(path, 'utf8').trim();
    } catch (error) {
      throw new BadValue(`must be PEM text or the path of a PEM file that Signet can read (${codeOf(error)})`);
    }
  }
  try {
    check(content);
  } catch {
    return undefined;
  }
  return content;
}

/** An e-mail address: checked for shape only, because mail is what proves it. */
export const email: Kind<string> = kind('an e-mail address', (text) => (isEmail(text) ? text : undefined));

/** A password by the rule for all passwords. */
export const password: Kind<string> = {
  expects: `at least ${shortestPassword} characters`,
  parse(text) {
    const problem = passwordProblem(text);
    if (problem !== undefined) throw new BadValue(problem);
    return text;
  },
};

/** The address of a mail server. */
export const smtpUrl: Kind<SmtpServer> = kind(
  'an address such as smtps://user:password@mail.example.com or smtp://127.0.0.1:25, with special characters in user and password percent-encoded and nothing after host and port but ?tls=off',
  (text) => {
    const url = /^smtps?:\/\//i.test(text) ? URL.parse(text) : null;
    if (
      url === null ||
      !/^(?:[a-z\d.-]+|\[[a-f\d:.]+\])$/i.test(url.hostname) ||
      !/^\/?$/.test(url.pathname) ||
      url.hash !== ''
    )
      return undefined;
    const isTlsFirst = url.protocol === 'smtps:';
    if (url.search !== '' && (url.search !== '?tls=off' || isTlsFirst)) return undefined;
    if ((url.username === '') !== (url.password === ''))
      throw new BadValue('must name both user and password, or neither');
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const inClear = url.search === '?tls=off' ? 'off' : isLoopbackHost(host) ? 'when offered' : 'required';
    return {
      host,
      port: url.port === '' ? (isTlsFirst ? 465 : 587) : Number(url.port),
      tls: isTlsFirst ? 'from the start' : inClear,
      ...(url.username !== '' && { login: decodedLogin(url) }),
    };
  },
);

/** User and password of an address, as they were before they were percent-encoded. @throws BadValue */
export function decodedLogin({ username, password: encoded }: URL): { user: string; password: string } {
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(encoded) };
  } catch {
    throw new BadValue('must have special characters in user and password percent-encoded');
  }
}

/** Who a mail is from. */
export const mailbox: Kind<Mailbox> = kind(
  'an e-mail address, or a name and an address such as Example Accounts <accounts@example.com>',
  parseMailbox,
);

/** The short reason that the operating system gave, such as ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}

function singleLine(text: string): string | undefined {
  // A NUL would make the file system throw, and a line break means that a file's content was given for its path.
  // oxlint-disable-next-line no-control-regex
  return /[\0\r\n]/.test(text) ? undefined : text;
}

/** The entries of a list with commas between them. */
export function splitList(text: string): string[] {
  return text.split(',').map((entry) => entry.trim());
}
