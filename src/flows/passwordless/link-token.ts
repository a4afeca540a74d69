// The token of a mailed link: a JWT that names what is kept of it, and says nothing about anybody.
import { fingerprint } from '../../crypto/hash.ts';
import { signOwnJwt, verifyOwnJwt } from '../../crypto/own-jwt.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { signInMailFor } from '../../domain/passwordless.ts';
import type { Tenant } from '../../domain/tenant.ts';

/** RFC 8725 3.11: its own type and audience, and a key that no JWKS has. */
const linkTokenOf = (tenant: Tenant) => ({
  typ: 'signet-link+jwt',
  issuer: tenant.issuer,
  audience: `${tenant.issuer}/auth/verify`,
});

/** `hash`: by which it is kept. */
export async function makeLinkToken(
  deps: Deps,
  { tenant, now }: RequestContext,
): Promise<{ token: string; hash: Buffer }> {
  const iat = Math.floor(now / 1000);
  const jti = deps.random(18).toString('base64url');
  const claims = { iat, exp: iat + signInMailFor / 1000, jti };
  return { token: await signOwnJwt(deps.box, linkTokenOf(tenant), claims), hash: fingerprint([jti]) };
}

/** Undefined when it is none of this tenant's that has not expired. Whether it was used is another question. */
export async function openLinkToken(
  deps: Deps,
  { tenant, now }: RequestContext,
  token: string | undefined,
): Promise<Buffer | undefined> {
  const claims = token === undefined ? undefined : await verifyOwnJwt(deps.box, linkTokenOf(tenant), token, now);
  return typeof claims?.['jti'] === 'string' ? fingerprint([claims['jti']]) : undefined;
}
