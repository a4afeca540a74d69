// A user: what is known of a person or a program, and how the names people type are compared.

/** A person signs in with a password; a service, which is a program, with keys. It never changes. */
export type UserKind = 'person' | 'service';

export type User = {
  readonly id: string;
  readonly kind: UserKind;
  readonly username: string;
  readonly email: string | undefined;
  readonly emailVerified: boolean;
  /** The other standard claims by their OpenID Connect names, and those of the tenant's own. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** What applications are told. */
  readonly roles: readonly string[];
  /** What they may do at the admin API (domain/admin-rights.ts). */
  readonly adminRoles: readonly string[];
  readonly groups: readonly string[];
  readonly disabled: boolean;
  /** Milliseconds. */
  readonly updatedAt: number;
};

/**
 * What two spellings of a username or an e-mail address have in common. Of an address: the local part in NFC and lower case,
 * the domain as its A-labels (RFC 5890), so that both ways of writing it are one.
 */
export function identifierKey(value: string): string {
  const trimmed = value.trim();
  const at = trimmed.lastIndexOf('@');
  if (at < 1) return trimmed.normalize('NFKC').toLowerCase();
  return `${trimmed.slice(0, at).normalize('NFC').toLowerCase()}@${domainKey(trimmed.slice(at + 1))}`;
}

function domainKey(domain: string): string {
  const lower = domain.normalize('NFKC').toLowerCase();
  // Only what may stand in a domain: a path or a port would be cut off, and another address be meant.
  if (!/^[^\s/?#:@[\]\\%]+$/u.test(lower) || !URL.canParse(`http://${lower}/`)) return lower;
  return new URL(`http://${lower}/`).hostname;
}

/** RFC 8265 3.3, RFC 8264 9: what cannot be seen, or turns around what stands beside it, makes two names look alike. */
const unseen = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/**
 * Why this username or e-mail address may not be used, or undefined when it may. A username with an @ must be the
 * user's own address: otherwise somebody could take another's address as a name and receive their sign-ins.
 */
export function identifierProblem(
  username: string,
  email: string | undefined,
): { field: 'username' | 'email'; problem: string } | undefined {
  const key = identifierKey(username);
  if (key === '' || username.length > 200 || /\s/u.test(key))
    return { field: 'username', problem: 'must have 1 to 200 characters and no spaces' };
  if (unseen.test(username.normalize('NFKC')))
    return { field: 'username', problem: 'must not have characters that cannot be seen' };
  if (email !== undefined && (!isEmail(email) || unseen.test(email)))
    return { field: 'email', problem: 'is not an e-mail address' };
  if (key.includes('@') && (email === undefined || key !== identifierKey(email))) {
    return { field: 'username', problem: "with an @ must be the user's own e-mail address" };
  }
  return undefined;
}

const oneAddress = /^[^\s@"<>(),;:\\[\]\p{Cc}]{1,64}@[^\s@"<>(),;:\\[\]\p{Cc}.]+(?:\.[^\s@"<>(),;:\\[\]\p{Cc}.]+)*$/u;

/** True for one plain address: no display name, no list, no control characters, no quoting, no empty label in the domain. */
export function isEmail(value: string): boolean {
  return value.length <= 254 && oneAddress.test(value);
}

/** The shortest password, whoever chooses it: it may be the only factor (NIST SP 800-63B-4 3.1.1.2). In characters. */
export const shortestPassword = 15;

/** Milliseconds until a password that somebody else knows as well ends, unless it is changed before (OWASP ASVS 6.4.1). */
export const passwordToChangeFor = 7 * 24 * 60 * 60_000;

/** Longer ones are refused before any hash is computed. */
export const longestPasswordBytes = 4096;

/** Why this may not be a password, or undefined when it may: for people, administrators, settings and files alike. */
export function passwordProblem(password: string): string | undefined {
  if (Array.from(password).length < shortestPassword) return `must have at least ${shortestPassword} characters`;
  return Buffer.byteLength(password) > longestPasswordBytes ? 'is too long' : undefined;
}
