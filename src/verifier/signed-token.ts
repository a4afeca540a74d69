// Whether a JWT is what it must be: signed by a key of the issuer, of the right type, for the right audience, and in its time.
import { type CryptoKey, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose';

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
};

/** Why a token is refused. All but `malformed` are said only of what the issuer signed. */
export type SignedTokenFault = 'malformed' | 'audience' | 'expired' | 'early';

/** Characters. Longer ones are not looked at. */
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
  if (token.length > longestToken || !compactForm.test(token)) return 'malformed';
  const { issuer, audience, algorithms, now, clockTolerance, aheadTolerance } = rules;
  try {
    const { payload } = await jwtVerify(token, (header) => keyFor(header, rules), {
      issuer,
      ...(audience !== undefined && { audience: audience as string | string[] }),
      requiredClaims: ['exp'],
      currentDate: new Date(now),
      clockTolerance,
      algorithms: algorithms as string[],
    });
    // jose compares `iat` with no clock.
    return isInTime(payload, now, clockTolerance, aheadTolerance) ? payload : 'early';
  } catch (error) {
    if (error instanceof errors.JOSEError) return faultOf(error);
    if (error instanceof SyntaxError) return 'malformed';
    throw error;
  }
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
function keyFor(header: JWTHeaderParameters, { keyNamed, types }: SignedTokenRules): CryptoKey | Promise<CryptoKey> {
  const { kid, typ, alg } = header;
  // RFC 7797: no extension of the header is understood here, and no payload is unencoded.
  const isPlain = header.crit === undefined && header.b64 === undefined;
  if (!isPlain || typeof kid !== 'string' || typeof typ !== 'string' || !isOneOf(typ, types)) throw ofAnotherKind();
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

function faultOf(error: InstanceType<typeof errors.JOSEError>): SignedTokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'malformed';
  if (error.claim === 'aud') return 'audience';
  return error.claim === 'nbf' && error.reason === 'check_failed' ? 'early' : 'malformed';
}
