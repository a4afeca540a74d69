// A person's second factors without a browser: added, listed, removed by the person behind a token.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { InsufficientAuthentication } from '../../domain/errors.ts';
import {
  acrValues,
  firstFactorIn,
  firstFactorOf,
  isSecondFactor,
  type SecondFactorMethod,
  secondFactorMethods,
  type SentMethod,
  sentMethods,
} from '../../domain/factors.ts';
import { secondFactorsOf } from '../../storage/second-factors.ts';
import type { Owner } from '../second-factors/owner.ts';
import { type GivenProof, proveAgain } from '../second-factors/prove-again.ts';
import { renewRecoveryCodes } from '../second-factors/recovery-codes.ts';
import { type FactorList, listed, mustStay, noSuchFactor, onlyOne, removeFactor } from '../second-factors/remove.ts';
import type { AddedFactor } from '../second-factors/add.ts';
import {
  beginSentFactor,
  confirmSentFactor,
  type NewSentFactor,
  type WantedSentFactor,
} from '../second-factors/sent.ts';
import { beginTotp, confirmTotp, type NewTotp } from '../second-factors/totp.ts';
import { knownBrowserOf } from '../sign-in/known-browsers.ts';
import { provableNow } from '../sign-in/provable.ts';
import { sendFactorCode, type Sent } from '../sign-in/sent-code.ts';
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
): Promise<AddedFactor> {
  return confirmTotp(deps, context, await ownerOf(deps, context, credentials), given);
}

/**
 * Only for who is signed in: on the way an authenticator application is added.
 * @throws OAuthError; Refusal as {@link beginSentFactor}.
 */
export async function addSentFactor(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  wanted: WantedSentFactor,
): Promise<NewSentFactor> {
  const bearer = await freshBearer(deps, context, accessToken, { mayLackOne: true });
  return beginSentFactor(deps, context, byToken(bearer), wanted);
}

/** @throws OAuthError; Refusal not_found, wrong_code, too_many_attempts, conflict. */
export async function confirmNewSentFactor(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  given: { method: SentMethod; code: string; id?: string | undefined; endOthers: boolean },
): Promise<AddedFactor> {
  const bearer = await freshBearer(deps, context, accessToken, { mayLackOne: true });
  return confirmSentFactor(deps, context, byToken(bearer), given);
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
  if (mustStay(deps, context.tenant, owner.user, owner.secondFactors, id)) throw onlyOne();
  const again = await proveAgain(deps, context, owner, given);
  await removeFactor(deps, context, byToken(owner), { id, again, endOthers });
}

export type Challenge = {
  readonly mfa_methods: readonly SecondFactorMethod[];
  /** Only where the sign-in waits for a factor that the person has not added yet. */
  readonly mfa_enrolment?: typeof enrolments;
  /** Of the partial token, in seconds. */
  readonly expires_in?: number;
  /** Where a code was sent that was asked for: the end of a number, or an address without its name. */
  readonly sent?: Sent;
};

/**
 * What can be proven now with a partial token, or to raise the session of an access token; a code of `method` is sent, where
 * it is one whose codes are sent.
 * @throws OAuthError; Refusal conflict, too_many_attempts.
 */
export async function challenge(
  deps: Deps,
  context: RequestContext,
  credentials: Credentials,
  method: string | undefined,
): Promise<Challenge> {
  const { bearer, token, ...named } = credentials;
  const asked = sentMethods.find((one) => one === method);
  if (token !== undefined) {
    const { attemptId, half, proofs, user, expiresAt } = await halfDoneOf(deps, context, token, named);
    const first = firstFactorOf(proofs);
    const proving = { kind: 'half sign-in', id: attemptId } as const;
    const knownBrowser = knownBrowserOf(deps, context.tenant.id, half.device, user.id, 'code');
    return {
      mfa_methods: provableNow(deps, context.tenant, user, first),
      ...(asked && {
        sent: await sendFactorCode(deps, context, { user, method: asked, proving, first, knownBrowser }),
      }),
      ...(half.mayEnrol && !isSecondFactor(user.secondFactors) && { mfa_enrolment: enrolments }),
      expires_in: Math.ceil((expiresAt - context.now) / 1000),
    };
  }
  if (bearer === undefined) throw partialTokenInvalid();
  const { user, grant } = await firstPartyBearer(deps, context, bearer);
  const first = firstFactorIn(grant.authentication.amr);
  const proving = { kind: 'token', id: grant.id } as const;
  const factors = await secondFactorsOf(deps.db, context.tenant.id, user.id);
  // A recovery code that was used is none any more.
  const left = factors.filter((factor) => factor.method !== 'recovery_code' || factor.lastUsedAt === undefined);
  const secondFactors = secondFactorMethods.filter((one) => left.some((factor) => factor.method === one));
  return {
    mfa_methods: provableNow(deps, context.tenant, { secondFactors }, first),
    ...(asked && {
      sent: await sendFactorCode(deps, context, { user, method: asked, proving, first, knownBrowser: undefined }),
    }),
  };
}
