// JWTs that nobody but Signet itself reads: HS256 under a key derived from SECRET_KEY, which is in no JWKS.
import { errors, jwtVerify, SignJWT } from 'jose';
import type { SecretBox } from './secret-box.ts';

/** What a token is for: its header's `typ`, its issuer and audience. */
export type OwnJwt = { readonly typ: string; readonly issuer: string; readonly audience: string };

/** RFC 7515 compact JWS of `claims`. `iat` and `exp` in seconds. */
export function signOwnJwt(
  box: SecretBox,
  { typ, issuer, audience }: OwnJwt,
  claims: Readonly<Record<string, unknown>> & { readonly iat: number; readonly exp: number },
): Promise<string> {
  const { id, key } = box.purposeKey(typ);
  return new SignJWT({ ...claims, iss: issuer, aud: audience })
    .setProtectedHeader({ alg: 'HS256', typ, kid: id })
    .sign(key);
}

const longestToken = 4096;

/** RFC 7519 7.2, RFC 8725 3.1, 3.11: the claims of such a token that has not expired, or undefined. `now` in milliseconds. */
export async function verifyOwnJwt(
  box: SecretBox,
  { typ, issuer, audience }: OwnJwt,
  token: string,
  now: number,
): Promise<Record<string, unknown> | undefined> {
  if (token.length > longestToken) return undefined;
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = kid === undefined ? undefined : box.purposeKeyNamed(kid, typ);
        if (!key) throw new errors.JOSEError('by an unknown key');
        return key;
      },
      { typ, issuer, audience, algorithms: ['HS256'], requiredClaims: ['exp'], currentDate: new Date(now) },
    );
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
      return undefined;
    throw error;
  }
}
