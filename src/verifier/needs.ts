// What a request needs beside a good token: scopes, roles, and how and when its user signed in.
import type { TokenErrorCode } from './errors.ts';
import type { VerifiedToken } from './verified-token.ts';

export type Needs = {
  /** All of them. */
  readonly scopes?: readonly string[] | undefined;
  /** One of them at least. */
  readonly anyScope?: readonly string[] | undefined;
  /** All of them. */
  readonly roles?: readonly string[] | undefined;
  /** RFC 9470 4: values of `acr` that are enough; never met by a client that acts for itself. */
  readonly acr?: readonly string[] | undefined;
  /** RFC 9470 4: seconds since the user signed in at most; never met by a client that acts for itself. */
  readonly maxAge?: number | undefined;
};

/** What is refused, and the parameters of its challenge. */
export type Unmet = {
  readonly status: 401 | 403;
  readonly code: TokenErrorCode;
  readonly description: string;
  readonly parameters: Readonly<Record<string, string>>;
};

/** Seconds since 1970, and seconds by which clocks may differ. */
type Time = { readonly now: number; readonly clockTolerance: number };

/** RFC 6750 3.1, RFC 9470 3: the first need that the token does not meet, or undefined. */
export function unmetNeed(token: VerifiedToken, needs: Needs, time: Time): Unmet | undefined {
  const { scopes, anyScope, roles } = needs;
  if (scopes && !scopes.every((scope) => token.scopes.includes(scope)))
    return forbidden(`This needs the scope ${scopes.join(' ')}.`, scopes.join(' '));
  if (anyScope && !anyScope.some((scope) => token.scopes.includes(scope)))
    // The challenge names what is enough.
    return forbidden(
      `This needs one of the scopes ${anyScope.join(' ')}.`,
      [...(scopes ?? []), anyScope[0]!].join(' '),
    );
  if (roles && !roles.every((role) => token.roles.includes(role)))
    return forbidden(
      token.claims['roles'] === undefined
        ? `This needs the role ${roles.join(' ')}, and the token says nothing of roles: its client must ask for the scope roles.`
        : `This needs the role ${roles.join(' ')}.`,
    );
  return unmetAuthentication(token, needs, time);
}

function unmetAuthentication(token: VerifiedToken, { acr, maxAge }: Needs, time: Time): Unmet | undefined {
  const isStrong = !acr || (!token.isClient && token.acr !== undefined && acr.includes(token.acr));
  const isRecent =
    maxAge === undefined ||
    (!token.isClient &&
      token.authenticatedAt !== undefined &&
      time.now - token.authenticatedAt <= maxAge + time.clockTolerance);
  if (isStrong && isRecent) return undefined;
  return {
    status: 401,
    code: 'insufficient_user_authentication',
    description: isStrong ? 'This needs a more recent sign-in.' : 'This needs a stronger sign-in.',
    parameters: { ...(acr && { acr_values: acr.join(' ') }), ...(maxAge !== undefined && { max_age: String(maxAge) }) },
  };
}

function forbidden(description: string, scope?: string): Unmet {
  return { status: 403, code: 'insufficient_scope', description, parameters: scope === undefined ? {} : { scope } };
}

/** A need that was misspelt would let everybody pass. @throws TypeError */
export function assertNeeds(needs: Needs): void {
  if (typeof needs !== 'object' || Object.getPrototypeOf(needs) !== Object.prototype)
    throw new TypeError(`What is needed must be a plain object, such as { scopes: ['orders:read'] }.`);
  for (const name in needs) {
    const value: unknown = needs[name as keyof Needs];
    if (value === undefined) continue;
    if (name !== 'maxAge' && !lists.has(name))
      throw new TypeError(`${name} is no need: there are scopes, anyScope, roles, acr and maxAge.`);
    if (name === 'maxAge' && !isSeconds(value)) throw new TypeError('maxAge must be a whole number of seconds.');
    if (name !== 'maxAge' && !isList(value)) throw new TypeError(`${name} must be a list with at least one text.`);
  }
}

const lists = new Set(['scopes', 'anyScope', 'roles', 'acr']);

function isSeconds(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one !== '');
}
