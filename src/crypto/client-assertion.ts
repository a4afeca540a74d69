// Client assertions (RFC 7523): JWTs by which clients prove who they are, signed with a key of their own or with their secret.
import { type CryptoKey, decodeJwt, decodeProtectedHeader, errors, importJWK, type JWK, jwtVerify } from 'jose';
import { algsOf, type ClientJwk } from '../domain/client-keys.ts';
import { type AssertionAlg, assertionAlgs } from '../domain/client.ts';

const longestAssertion = 8192;

/** RFC 7523 3: what an assertion says of itself. Nothing of it is proven. */
export type UnprovenAssertion = {
  readonly alg: AssertionAlg;
  readonly kid: string | undefined;
  /** `sub`: the client that it is of. */
  readonly clientId: string;
};

/** @returns undefined for what is no signed JWT of a client, or is signed as no assertion may be. */
export function readAssertion(assertion: string): UnprovenAssertion | undefined {
  if (assertion.length > longestAssertion) return undefined;
  try {
    const { alg, kid } = decodeProtectedHeader(assertion);
    const { sub } = decodeJwt(assertion);
    const known = assertionAlgs.find((one) => one === (alg === 'Ed25519' ? 'EdDSA' : alg));
    if (known === undefined || typeof sub !== 'string') return undefined;
    return { alg: known, kid: typeof kid === 'string' ? kid : undefined, clientId: sub };
  } catch (error) {
    return notTheirs(error, undefined);
  }
}

/** `keys`: the client's own, or the bytes of its secrets. */
export type AssertionExpected = {
  readonly clientId: string;
  /** RFC 7523 3 as amended: the issuer, and nothing beside it. */
  readonly issuer: string;
  /** Milliseconds. */
  readonly now: number;
};

/** `expiresAt`: milliseconds, from which on it is refused however clocks differ. */
export type ProvenAssertion = { readonly jti: string; readonly expiresAt: number };

/** Why it is refused, in words for whoever wrote the client. */
export type AssertionProblem = {
  readonly problem: string;
  /** Nobody who has one of the keys made it. */
  readonly isForged?: true;
};

/** RFC 8725 3.11: `JWT`, or the type that is registered for it; none is what most libraries send. */
const types = /^(?:(?:application\/)?(?:jwt|client-authentication\+jwt))?$/i;

/** Seconds by which clocks may differ. */
const tolerance = 10;
/** Seconds: one that is good for longer is a password. */
const longestLife = 600;

/**
 * RFC 7523 3, RFC 7521 5.2: signed by one of the keys under an algorithm of that key, by the client about itself, for this issuer
 * alone, in time, and with a `jti`. That it is the first with this `jti` is for the caller to see.
 */
export async function verifyAssertion(
  assertion: string,
  keys: readonly (ClientJwk | Uint8Array)[],
  { clientId, issuer, now }: AssertionExpected,
): Promise<ProvenAssertion | AssertionProblem> {
  const header = decodeProtectedHeader(assertion);
  if (!types.test(header.typ ?? '')) return { problem: 'The client assertion is a JWT of another kind (typ).' };
  for (const key of keys) {
    try {
      const isSecret = key instanceof Uint8Array;
      const { payload } = await jwtVerify(assertion, isSecret ? key : await imported(key, header.alg!), {
        algorithms: isSecret ? ['HS256'] : algsOf(key).flatMap((alg) => (alg === 'EdDSA' ? [alg, 'Ed25519'] : [alg])),
        issuer: clientId,
        subject: clientId,
        audience: issuer,
        requiredClaims: ['exp', 'jti'],
        clockTolerance: tolerance,
        currentDate: new Date(now),
      });
      const { jti, exp, iat, aud } = payload;
      const ahead = now / 1000 + tolerance;
      if ([aud].flat().length !== 1) return { problem: audienceProblem(issuer) };
      if (typeof jti !== 'string' || jti === '' || jti.length > 500)
        return { problem: 'The jti of the client assertion must be a text of 1 to 500 characters.' };
      if (exp! > ahead + longestLife)
        return { problem: `The client assertion is good for longer than ${longestLife / 60} minutes (exp).` };
      if (iat !== undefined && iat > ahead) return { problem: 'The client assertion is from the future (iat).' };
      return { jti, expiresAt: (exp! + tolerance) * 1000 };
    } catch (error) {
      if (error instanceof errors.JWTClaimValidationFailed) return { problem: claimProblem(error.claim, issuer) };
      if (error instanceof errors.JWTExpired) return { problem: 'The client assertion has expired (exp).' };
      notTheirs(error, undefined);
    }
  }
  return { problem: 'The signature of the client assertion fits none of the keys of this client.', isForged: true };
}

function claimProblem(claim: string, issuer: string): string {
  if (claim === 'aud') return audienceProblem(issuer);
  if (claim === 'iss' || claim === 'sub') return 'iss and sub of the client assertion must both be the client_id.';
  if (claim === 'nbf') return 'The client assertion is not good yet (nbf).';
  return `The client assertion has no ${claim}, or not one of the right type.`;
}

function audienceProblem(issuer: string): string {
  return `The aud of the client assertion must be the issuer, ${issuer}, and nothing else.`;
}

const importedKeys = new WeakMap<ClientJwk, Map<string, Promise<CryptoKey>>>();

/** Importing costs more than a signature: once for as long as the client is in memory. */
function imported(jwk: ClientJwk, alg: string): Promise<CryptoKey> {
  let ofAlg = importedKeys.get(jwk);
  if (!ofAlg) importedKeys.set(jwk, (ofAlg = new Map()));
  let key = ofAlg.get(alg);
  // `key_ops` and the like are the client's own remarks.
  const { kty, crv, n, e, x, y } = jwk as JWK & ClientJwk;
  if (!key) ofAlg.set(alg, (key = importJWK({ kty, crv, n, e, x, y } as JWK, alg) as Promise<CryptoKey>));
  return key;
}

/** What a stranger's bytes bring about is no bug. */
function notTheirs<T>(error: unknown, otherwise: T): T {
  if (
    error instanceof errors.JOSEError ||
    error instanceof SyntaxError ||
    error instanceof TypeError ||
    error instanceof DOMException
  )
    return otherwise;
  throw error;
}
