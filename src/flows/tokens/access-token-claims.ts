// What an access token of this server says: signed here, and not expired. Whether it still stands is another question.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { tenantResources } from '../clients/current.ts';
import { signingAlgs } from '../../domain/client.ts';
import { verifySignedToken } from '../../verifier/signed-token.ts';
import { keyRing } from '../keys/ring.ts';

type Claims = Record<string, unknown>;

/** RFC 9068 4. `audience`: undefined when it may be for any. @returns undefined for whatever is no such token. */
export async function accessTokenClaims(
  deps: Deps,
  { tenant, now }: RequestContext,
  accessToken: string,
  audience?: string,
): Promise<Claims | undefined> {
  const { verification: keys } = await keyRing(deps, tenant);
  const rules = {
    keyNamed: (kid: string) => keys.get(kid),
    issuer: tenant.issuer,
    audience,
    algorithms: signingAlgs,
    now,
    // It ends when it says so; another process of this server may have a clock that is ahead.
    clockTolerance: 0,
    aheadTolerance: 60,
  };
  const claims = await verifySignedToken(accessToken, { ...rules, types: ['at+jwt'] });
  if (claims) return claims;
  const untyped = (await tenantResources(deps, tenant)).filter((one) => one.access_token_type === 'JWT');
  if (untyped.length === 0) return undefined;
  const plain = await verifySignedToken(accessToken, { ...rules, types: ['JWT'] });
  // An ID token has the same type, but is for a client, and no client has the name of a resource.
  const isForOne = plain && untyped.some(({ identifier }) => [plain['aud']].flat().includes(identifier));
  return isForOne && typeof plain['client_id'] === 'string' ? plain : undefined;
}
