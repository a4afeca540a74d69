// A person's second factors without a browser: added, listed, removed by the person behind a token.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { InsufficientAuthentication } from '../../domain/errors.ts';
import { acrValues, isSecondFactor, type SecondFactorMethod } from '../../domain/factors.ts';
import { secondFactorsOf } from '../../storage/second-factors.ts';
import type { Owner } from '../second-factors/owner.ts';
import { type GivenProof, proveAgain } from '../second-factors/prove-again.ts';
import { renewRecoveryCodes } from '../second-factors/recovery-codes.ts';
import { type FactorList, listed, mustStay, noSuchFactor, onlyOne, removeFactor } from '../second-factors/remove.ts';
import { type AddedTotp, beginTotp, confirmTotp, type NewTotp } from '../second-factors/totp.ts';
import type { VerifiedAccessToken } from '../tokens/verify-access-token.ts';
import { firstPartyBearer, freshBearer } from './bearer.ts';
import type { NamedClient } from './client.ts';
import { enrolments, halfDoneOf } from './half-done.ts';
import { openPartialToken, partialTokenInvalid } from './partial-token.ts';

/** A fresh access token, or a partial one: as Bearer, or as `token` in the body. */
export type Credentials = NamedClient & {
  readonly bearer: string | undefined;
  readonly token?: string | undefined;
};

/** @throws OAuthError; Refusal second_factors_off, conflict. */
export async function addTotp(
  deps: Deps,
  context: RequestContext,
  credentials: Credentials,
  name: string | undefined,
): Promise<NewTotp> {
  return beginTotp(deps, context, await ownerOf(deps, context, credentials), name);
}

/** @throws OAuthError; Refusal not_found, wrong_code, too_many_attempts, conflict. */
export async function confirmNewTotp(
  deps: Deps,
  context: RequestContext,
  credentials: Credentials,
  given: { code: string; id?: string | undefined; endOthers: boolean },
): Promise<AddedTotp> {
  return confirmTotp(deps, context, await ownerOf(deps, context, credentials), given);
}

/**
 * Whose factors an enrolment is about. A partial token is taken only while its person has no second factor, and only when
 * the sign-in that it is of demanded one: else it would lead around the factor that it is to prove.
 * @throws OAuthError invalid_token, insufficient_user_authentication.
 */
async function ownerOf(deps: Deps, context: RequestContext, { bearer, token, ...named }: Credentials): Promise<Owner> {
  const partial = token ?? bearer;
  if (partial === undefined) throw partialTokenInvalid();
  if (token === undefined && !(await openPartialToken(deps, context, partial)))
    return byToken(await freshBearer(deps, context, partial, { mayLackOne: true }));
  const { attemptId, half, user } = await halfDoneOf(deps, context, partial, named);
  if (!half.mayEnrol || isSecondFactor(user.secondFactors))
    throw new InsufficientAuthentication('Prove the second factor first.', { acr: acrValues[1] });
  return { user, by: { kind: 'half sign-in', attemptId } };
}

function byToken({ user, grant }: VerifiedAccessToken): Owner {
  return { user, by: { kind: 'token', grant } };
}

/** @throws OAuthError. */
export async function listFactors(deps: Deps, context: RequestContext, accessToken: string): Promise<FactorList> {
  return listed((await freshBearer(deps, context, accessToken, { mayLackOne: true })).secondFactors);
}

/** @throws OAuthError; Refusal invalid_input, wrong_credentials, wrong_code, too_many_attempts, conflict. */
export async function newRecoveryCodes(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  given: GivenProof,
): Promise<readonly string[]> {
  const owner = await freshBearer(deps, context, accessToken);
  return renewRecoveryCodes(deps, context, owner.user, await proveAgain(deps, context, owner, given));
}

/** @throws OAuthError; Refusal not_found, conflict, invalid_input, wrong_credentials, wrong_code, too_many_attempts. */
export async function removeOwnFactor(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  { id, endOthers, ...given }: GivenProof & { readonly id: string; readonly endOthers: boolean },
): Promise<void> {
  const owner = await freshBearer(deps, context, accessToken);
  // First of all: a right code is not spent, nor an attempt, on what is not there.
  if (!owner.secondFactors.some((factor) => factor.id === id && factor.method !== 'recovery_code'))
    throw noSuchFactor();
  if (mustStay(context.tenant, owner.user, owner.secondFactors, id)) throw onlyOne();
  const again = await proveAgain(deps, context, owner, given);
  await removeFactor(deps, context, byToken(owner), { id, again, endOthers });
}

export type Challenge = {
  readonly mfa_methods: readonly SecondFactorMethod[];
  /** Only where the sign-in waits for a factor that the person has not added yet. */
  readonly mfa_enrolment?: typeof enrolments;
  /** Of the partial token, in seconds. */
  readonly expires_in?: number;
};

/** What can be proven now with a partial token, or to raise the session of an access token. @throws OAuthError. */
export async function challenge(deps: Deps, context: RequestContext, credentials: Credentials): Promise<Challenge> {
  const { bearer, token, ...named } = credentials;
  if (token !== undefined) {
    const { half, user, expiresAt } = await halfDoneOf(deps, context, token, named);
    return {
      mfa_methods: user.secondFactors,
      ...(half.mayEnrol && !isSecondFactor(user.secondFactors) && { mfa_enrolment: enrolments }),
      expires_in: Math.ceil((expiresAt - context.now) / 1000),
    };
  }
  if (bearer === undefined) throw partialTokenInvalid();
  const { user } = await firstPartyBearer(deps, context, bearer);
  const { factors, codes } = listed(await secondFactorsOf(deps.db, context.tenant.id, user.id));
  return {
    mfa_methods: [
      ...(factors.length > 0 ? (['totp'] as const) : []),
      ...(codes.left > 0 ? (['recovery_code'] as const) : []),
    ],
  };
}
