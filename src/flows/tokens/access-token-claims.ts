// What an access token of this server says: signed here, and not expired. Whether it still stands is another question.
import type { Deps } from '../../deps.ts';
import { signingAlgs } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { isInTime, verifySignedToken } from '../../verifier/signed-token.ts';
import { createVerifiedTokens, deepFrozen, type VerifiedTokens } from '../../verifier/verified-tokens.ts';
import { statusBitOf } from '../status/token-bit.ts';
import { tenantResources } from '../clients/current.ts';
import { type KeyRing, keyRing } from '../keys/ring.ts';

type Claims = Record<string, unknown>;

/** Of one ring of keys: a ring is made anew each minute and with each change, and what its keys signed is looked at again. */
const remembered = new WeakMap<KeyRing, VerifiedTokens<Claims>>();

/** Of each tenant that is asked about. */
const mostRemembered = 5000;

/** Seconds. It ends when it says so; another process of this server may have a clock that is ahead. */
const tolerance = { clockTolerance: 0, aheadTolerance: 60 };

/** RFC 9068 4. `audience`: undefined when it may be for any. @returns undefined for whatever is no such token. */
export async function accessTokenClaims(
  deps: Deps,
  { tenant, now }: RequestContext,
  accessToken: string,
  audience?: string,
): Promise<Claims | undefined> {
  const ring = await keyRing(deps, tenant);
  const known = rememberedOf(ring);
  const found = known.find(accessToken);
  if (found) {
    const isGood = isInTime(found, now, tolerance.clockTolerance, tolerance.aheadTolerance) && isFor(found, audience);
    return isGood && isOfPresent(tenant, found) ? found : undefined;
  }
  const rules = {
    keyNamed: (kid: string) => ring.verification.get(kid),
    issuer: tenant.issuer,
    algorithms: signingAlgs,
    now,
    ...tolerance,
  };
  const claims = await verifySignedToken(accessToken, { ...rules, types: ['at+jwt'] });
  if (claims) {
    deepFrozen(claims);
    known.keep(accessToken, claims);
    return isFor(claims, audience) && isOfPresent(tenant, claims) ? claims : undefined;
  }
  const untyped = (await tenantResources(deps, tenant)).filter((one) => one.access_token_type === 'JWT');
  if (untyped.length === 0) return undefined;
  const plain = await verifySignedToken(accessToken, { ...rules, types: ['JWT'] });
  // An ID token has the same type, but is for a client, and no client has the name of a resource.
  const isForOne = plain && untyped.some(({ identifier }) => isFor(plain, identifier));
  const isOne = isForOne && typeof plain['client_id'] === 'string' && isFor(plain, audience);
  return isOne && isOfPresent(tenant, plain) ? plain : undefined;
}

/** Not of before a restore. */
function isOfPresent(tenant: Tenant, claims: Claims): boolean {
  return statusBitOf(tenant, claims) !== null;
}

function rememberedOf(ring: KeyRing): VerifiedTokens<Claims> {
  let known = remembered.get(ring);
  if (!known) remembered.set(ring, (known = createVerifiedTokens(mostRemembered)));
  return known;
}

function isFor({ aud }: Claims, audience: string | undefined): boolean {
  return audience === undefined || aud === audience || (Array.isArray(aud) && aud.includes(audience));
}
