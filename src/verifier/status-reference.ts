// Where a token says that its status stands: the address of a list of its issuer, and a place in it.
import type { JWTPayload } from 'jose';

/** `index`: of the token's bit, from 0. */
export type StatusReference = { readonly address: string; readonly index: number };

/** Token Status List 6.1, 6.2: what the claim `status` says; undefined when there is none, `malformed` for what is no reference to a list of the issuer. */
export function statusReference(claims: JWTPayload, issuer: string): StatusReference | 'malformed' | undefined {
  const status: unknown = claims['status'];
  if (status === undefined) return undefined;
  const { status_list: listed } = (status ?? {}) as { status_list?: unknown };
  const { idx, uri } = (listed ?? {}) as { idx?: unknown; uri?: unknown };
  if (!Number.isSafeInteger(idx) || (idx as number) < 0) return 'malformed';
  if (typeof uri !== 'string' || !isOfIssuer(uri, issuer)) return 'malformed';
  return { address: uri, index: idx as number };
}

/** RFC 6454 4: whether the address has the origin of the issuer, and so its scheme; without credentials and fragment. */
function isOfIssuer(uri: string, issuer: string): boolean {
  const url = URL.parse(uri);
  return (
    url !== null &&
    url.origin === new URL(issuer).origin &&
    url.username === '' &&
    url.password === '' &&
    !uri.includes('#')
  );
}
