// Whether a JWT is what it must be: signed by a key of the issuer, of the right type, for the right audience, and in its time.
import { type CompactJWSHeaderParameters, compactVerify, type CryptoKey, errors, type JWTPayload } from 'jose';

/** A public key, and the one algorithm under which it counts. */
export type VerificationKey = { readonly alg: string; readonly key: CryptoKey };

/** What a token must say to be taken. */
export type SignedTokenRules = {
  /** The issuer's key with this `kid`. What it throws is thrown on. */
  readonly keyNamed: (kid: string) => VerificationKey | undefined | Promise<VerificationKey | undefined>;
  /** Of its `typ`, without `application/`. */
  readonly types: readonly string[];
  readonly issuer: string;
  /** One of them is among its audiences; undefined for whoever looks at them alone. */
  readonly audience?: string | readonly string[] | undefined;
  readonly algorithms: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Seconds by which the two clocks may differ. */
  readonly clockTolerance: number;
  /** Seconds by which the signer's clock may be ahead, as far as `iat` says it; `clockTolerance` unless given. */
  readonly aheadTolerance?: number;
  /** Characters; `longestToken` unless given. */
  readonly longest?: number;
};

/** Why a token is refused. All but `malformed` are said only of what the issuer signed. */
export type SignedTokenFault = 'malformed' | 'audience' | 'expired' | 'early';

/** Characters. Longer ones are not looked at, unless the rules say so. */
export const longestToken = 16_384;

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * RFC 7519 7.2, RFC 8725 3, RFC 9068 4: the claims of a JWT that keeps every rule, or undefined. Only `kid` chooses the
 * key; `jwk`, `jku`, `x5u` and `x5c` are not looked at. @throws whatever `keyNamed` throws
 */
export async function verifySignedToken(token: string, rules: SignedTokenRules): Promise<JWTPayload | undefined> {
  const judged = await judgeSignedToken(token, rules);
  return typeof judged === 'string' ? undefined : judged;
}

/** RFC 7519 7.2: as `verifySignedToken`, but says why it refuses. */
export async function judgeSignedToken(token: string, rules: SignedTokenRules): Promise<JWTPayload | SignedTokenFault> {
  const { longest = longestToken } = rules;
  if (token.length > longest || !compactForm.test(token)) return 'malformed';
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(token, (header) => keyFor(header, rules)));
  } catch (error) {
    if (error instanceof errors.JOSEError) return 'malformed';
    throw error;
  }
  const claims = claimsOf(payload);
  return claims ? (faultOf(claims, rules) ?? claims) : 'malformed';
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** RFC 7519 4.1: a JSON object with an `exp`, and whose times are numbers; undefined for everything else. */
function claimsOf(payload: Uint8Array): JWTPayload | undefined {
  let claims: unknown;
  try {
    claims = JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
  const { exp, nbf, iat } = claims as Record<string, unknown>;
  const isTimed = isTime(exp) && (nbf === undefined || isTime(nbf)) && (iat === undefined || isTime(iat));
  return isTimed ? (claims as JWTPayload) : undefined;
}

/** Neither NaN, with which every comparison is false, nor without end: 1e999 is JSON. */
function isTime(value: unknown): boolean {
  return Number.isFinite(value);
}

/** Of what the issuer signed: the first rule that its claims break. */
function faultOf(claims: JWTPayload, rules: SignedTokenRules): SignedTokenFault | undefined {
  const { issuer, audience, now, clockTolerance, aheadTolerance } = rules;
  if (claims.iss !== issuer) return 'malformed';
  if (audience !== undefined && !isFor(claims.aud, audience))
    return claims.aud === undefined ? 'malformed' : 'audience';
  if (isInTime(claims, now, clockTolerance, aheadTolerance)) return undefined;
  return claims.exp! > Math.floor(now / 1000) - clockTolerance ? 'early' : 'expired';
}

/** RFC 7519 4.1.3: whether one of `audience` is among those of the token. */
function isFor(aud: unknown, audience: string | readonly string[]): boolean {
  const among = (one: string) => (Array.isArray(aud) ? aud.includes(one) : aud === one);
  return typeof audience === 'string' ? among(audience) : audience.some(among);
}

/** RFC 7519 4.1.4 to 4.1.6: whether `exp`, `nbf` and `iat` hold at `now` (milliseconds), give or take `clockTolerance` (seconds). */
export function isInTime(
  { exp, nbf, iat }: JWTPayload,
  now: number,
  clockTolerance: number,
  aheadTolerance = clockTolerance,
): boolean {
  const seconds = Math.floor(now / 1000);
  return (
    exp! > seconds - clockTolerance &&
    (nbf === undefined || nbf <= seconds + clockTolerance) &&
    (iat === undefined || iat <= seconds + aheadTolerance)
  );
}

/** Waits for nothing that is at hand: most keys are. */
function keyFor(header: CompactJWSHeaderParameters, rules: SignedTokenRules): CryptoKey | Promise<CryptoKey> {
  const { kid, typ, alg } = header;
  const { keyNamed, types, algorithms } = rules;
  // RFC 7797: no extension of the header is understood here, and no payload is unencoded.
  const isPlain = header.crit === undefined && header.b64 === undefined;
  if (!isPlain || !algorithms.includes(alg) || typeof kid !== 'string') throw ofAnotherKind();
  if (typeof typ !== 'string' || !isOneOf(typ, types)) throw ofAnotherKind();
  const found = keyNamed(kid);
  return found instanceof Promise ? found.then((key) => keyUnder(alg, key)) : keyUnder(alg, found);
}

function keyUnder(alg: string, key: VerificationKey | undefined): CryptoKey {
  if (key?.alg !== alg) throw ofAnotherKind();
  return key.key;
}

function ofAnotherKind(): Error {
  return new errors.JOSEError('of another kind, or by an unknown key');
}

/** RFC 7515 4.1.9: media types are compared without regard to case, and `application/` may be left out. */
function isOneOf(typ: string, types: readonly string[]): boolean {
  if (types.includes(typ)) return true;
  const short = typ.toLowerCase().replace(/^application\//, '');
  return types.some((type) => type.toLowerCase() === short);
}
