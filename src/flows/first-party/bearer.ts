// The person behind an access token of a first-party client: what the API of their own account asks for.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { InsufficientAuthentication, OAuthError } from '../../domain/errors.ts';
import { mfaPolicyFor, ownDemand, reaches } from '../../domain/factors.ts';
import { freshProof } from '../../domain/session.ts';
import { type SecondFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { activeClient } from '../clients/current.ts';
import { type VerifiedAccessToken, verifyAccessToken } from '../tokens/verify-access-token.ts';

/** Seconds: how long ago a sign-in may be for what changes how people prove who they are. */
export const freshFor = freshProof / 1000;

/**
 * For the issuer alone, of a first-party client: an access token that an API or a client of somebody else got is none.
 * @throws OAuthError invalid_token.
 */
export async function firstPartyBearer(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
): Promise<VerifiedAccessToken> {
  const { issuer } = context.tenant;
  const verified = await verifyAccessToken(deps, context, accessToken, { audience: issuer });
  const client = await activeClient(deps, context.tenant, verified.clientId);
  // A token that an API gets to see as well is in more hands than the person's application.
  const isForIssuerAlone = verified.audience.every((one) => one === issuer);
  if (client?.metadata.first_party && isForIssuerAlone) return verified;
  throw new OAuthError(
    'invalid_token',
    'The access token is invalid, expired or revoked.',
    isForIssuerAlone ? 'not of a first-party client' : 'for an API as well',
  );
}

/**
 * The same, and signed in not long ago, with a second factor if the person has one, or must: `mayLackOne` for who is to add it.
 * Both as the grant has it now: a session
 * that added the first factor, or was raised, goes on with the token it has.
 * @throws OAuthError insufficient_user_authentication (RFC 9470 3).
 */
export async function freshBearer(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  { mayLackOne = false }: { readonly mayLackOne?: boolean } = {},
): Promise<VerifiedAccessToken & { readonly secondFactors: readonly SecondFactor[] }> {
  const verified = await firstPartyBearer(deps, context, accessToken);
  if (context.now - verified.authenticatedAt > freshFor * 1000)
    throw new InsufficientAuthentication('This needs a sign-in of the last five minutes.', { maxAge: freshFor });
  const secondFactors = await secondFactorsOf(deps.db, context.tenant.id, verified.user.id);
  const enrolled = secondFactors.map(({ method }) => method);
  const policy = mayLackOne ? 'optional' : mfaPolicyFor(context.tenant.settings, verified.user.adminRoles);
  const demanded = ownDemand(enrolled, policy);
  if (!reaches(verified.grant.authentication.acr, demanded))
    throw new InsufficientAuthentication('This needs a sign-in with the second factor.', { acr: demanded });
  return { ...verified, secondFactors };
}
