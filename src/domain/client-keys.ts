// The keys that a client signs its assertions with: in its registration, or at an address of its own.
import type { ClientMetadata, MetadataProblem, SigningAlg } from './client.ts';

/** RFC 7517 4: a public key by its members. */
export type ClientJwk = Readonly<Record<string, unknown>> & { readonly kty: string };

/** RFC 7517 5. */
export type ClientKeySet = { readonly keys: readonly ClientJwk[] };

/** How many keys a client may have at once: whoever signs with none of them costs a check by each. */
export const mostClientKeys = 10;

const shortestRsa = 2048;

/** By type and curve. */
const possibleAlgs: Readonly<Record<string, readonly SigningAlg[]>> = Object.assign(Object.create(null), {
  'RSA ': ['RS256', 'PS256'],
  'EC P-256': ['ES256'],
  'OKP Ed25519': ['EdDSA'],
});

/** The algorithms that a key can be of (RFC 7518 6, RFC 8037 2), as far as its type says. */
export function algsOf({ kty, crv, alg }: ClientJwk): readonly SigningAlg[] {
  const possible = possibleAlgs[`${kty} ${typeof crv === 'string' ? crv : ''}`] ?? [];
  const meant = alg === 'Ed25519' ? 'EdDSA' : alg;
  return meant === undefined ? possible : possible.filter((one) => one === meant);
}

/** RFC 7517 5: those of a published set that can be the key of an assertion; undefined for what is no key set. */
export function usableKeysIn(document: unknown): readonly ClientJwk[] | undefined {
  const keys = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) return undefined;
  const found = keys.filter(
    (key): key is ClientJwk => typeof key === 'object' && key !== null && keyProblem(key as ClientJwk) === undefined,
  );
  return found.slice(0, mostClientKeys);
}

/** RFC 7591 2, RFC 7523 3: what is wrong with how a client says which keys are its own. */
export function keyProblems(metadata: ClientMetadata): MetadataProblem[] {
  const { jwks, jwks_uri: uri, token_endpoint_auth_method: method, token_endpoint_auth_signing_alg: alg } = metadata;
  const problems: MetadataProblem[] = [];
  if (jwks !== undefined && uri !== undefined)
    problems.push({ path: ['jwks_uri'], problem: 'cannot stand beside jwks: give the keys, or where they are' });
  if (uri !== undefined && !/^https?:\/\/[^/?#]/i.test(uri))
    problems.push({
      path: ['jwks_uri'],
      problem: 'must be an https address (http only where OUTBOUND_ALLOW names the host)',
    });
  else if (uri !== undefined && (!URL.canParse(uri) || uri.includes('#') || uri.length > 2000))
    problems.push({ path: ['jwks_uri'], problem: 'must be an address without fragment' });
  if (method === 'private_key_jwt' && jwks === undefined && uri === undefined)
    problems.push({ path: ['jwks'], problem: 'is needed for private_key_jwt, or jwks_uri' });
  if (jwks?.keys.length === 0) problems.push({ path: ['jwks', 'keys'], problem: 'must have at least one key' });
  jwks?.keys.forEach((key, i) => {
    const problem = keyProblem(key);
    if (problem !== undefined) problems.push({ path: ['jwks', 'keys', i], problem });
  });
  const kids = jwks?.keys.map(({ kid }) => kid).filter((kid) => kid !== undefined) ?? [];
  if (new Set(kids).size < kids.length)
    problems.push({ path: ['jwks', 'keys'], problem: 'must not have two keys of one kid' });
  if (alg !== undefined && method !== 'private_key_jwt' && method !== 'client_secret_jwt')
    problems.push({ path: ['token_endpoint_auth_signing_alg'], problem: `has no use with ${method}` });
  else if (alg !== undefined && (alg === 'HS256') !== (method === 'client_secret_jwt'))
    problems.push({ path: ['token_endpoint_auth_signing_alg'], problem: `cannot be ${alg} with ${method}` });
  return problems;
}

/** Why it cannot be the public key of an assertion; undefined when it can. */
export function keyProblem(key: ClientJwk): string | undefined {
  if (['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((member) => Object.hasOwn(key, member)))
    return 'is a private key: give its public part, and take the key as known to others';
  if (algsOf(key).length === 0) return 'must be a public key for RS256, PS256, ES256 or EdDSA';
  if (key['use'] !== undefined && key['use'] !== 'sig') return 'must be for signatures: use is not sig';
  if (key['kid'] !== undefined && typeof key['kid'] !== 'string') return 'has a kid that is not text';
  const needed = { RSA: ['n', 'e'], EC: ['x', 'y'], OKP: ['x'] }[key.kty as 'RSA' | 'EC' | 'OKP'];
  const missing = needed.find((member) => !isBase64url(key[member]));
  if (missing !== undefined) return `has no ${missing} in base64url`;
  if (key.kty === 'RSA' && bitsOf(key['n'] as string) < shortestRsa) return `must have at least ${shortestRsa} bits`;
  return undefined;
}

function isBase64url(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,2000}$/.test(value);
}

function bitsOf(base64url: string): number {
  return Math.floor((base64url.length * 6) / 8) * 8;
}
