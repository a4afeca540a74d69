// What an ID token of this server says, also an expired one: for hints.
import { verifyJwt } from '../../crypto/jwt.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { keyRing } from '../keys/ring.ts';

/** OpenID Connect Core 1.0 2. `clientId`: its `aud`. */
export type IdTokenClaims = Readonly<Record<string, unknown>> & { readonly clientId: string };

/**
 * OpenID Connect Core 1.0 3.1.2.1, RP-Initiated Logout 1.0 2: @returns undefined for whatever is no ID token of the tenant. An access
 * token may have the same type, but it names its client (RFC 9068 2.2), as no ID token does.
 */
export async function idTokenClaims(
  deps: Deps,
  { tenant }: RequestContext,
  idToken: string,
): Promise<IdTokenClaims | undefined> {
  const claims = await verifyJwt(idToken, ['JWT'], (await keyRing(deps, tenant)).verification);
  if (claims?.['iss'] !== tenant.issuer || typeof claims['aud'] !== 'string' || 'client_id' in claims) return undefined;
  return { ...claims, clientId: claims['aud'] };
}
