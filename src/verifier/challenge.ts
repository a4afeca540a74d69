// The two headers of RFC 6750: the token that came, and the challenge that goes.

/** RFC 6750 2.1: the token of an `Authorization` header, or undefined. Tokens in bodies and addresses are not looked for. */
export function bearerToken(authorizationHeader: string | null | undefined): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorizationHeader ?? '')?.[1];
}

/** RFC 6750 3, RFC 9110 11.6.1: the value of a `WWW-Authenticate` header. Parameters that are undefined are left out. */
export function bearerChallenge(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `Bearer ${given.map(([name, value]) => `${name}="${quoted(value)}"`).join(', ')}`;
}

/** RFC 9110 5.6.4: no value leaves its quotes, and none leaves the line. */
function quoted(value: string): string {
  return value.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`);
}
