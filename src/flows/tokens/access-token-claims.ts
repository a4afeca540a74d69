// What an access token of this server says: signed here, and not expired. Whether it still stands is another question.
import { verifyClaims } from '../../crypto/jwt.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { keyRing } from '../keys/ring.ts';

/** RFC 9068 4. `audience`: undefined when it may be for any. @returns undefined for whatever is no such token. */
export async function accessTokenClaims(
  deps: Deps,
  { tenant, now }: RequestContext,
  accessToken: string,
  audience?: string,
): Promise<Awaited<ReturnType<typeof verifyClaims>>> {
  const { verification: keys } = await keyRing(deps, tenant);
  return verifyClaims(accessToken, { types: ['at+jwt'], keys, issuer: tenant.issuer, audience, now });
}
