// Sign-ins without a browser between the first factor and the second.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { type Acr, firstFactorOf, halfDoneFor, isSecondFactor, type SecondFactorMethod } from '../../domain/factors.ts';
import { findHalfSignIn, insertHalfSignIn } from '../../storage/half-sign-ins.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { eventOf } from '../events.ts';
import { provableNow } from '../sign-in/provable.ts';
import { recordUnmet } from '../sign-in/failed.ts';
import { wrongCredentials } from '../sign-in/check-password.ts';
import { withSpent } from '../sign-in/with-spent.ts';
import { firstPartyClient, type NamedClient, namesItsClient } from './client.ts';
import { makePartialToken, openPartialToken, partialTokenInvalid, partialTokenLifetime } from './partial-token.ts';
import type { Proven } from './session.ts';

/** What can be added with a partial token. */
export const enrolments = ['totp'] as const;

/** What is asked for next. */
export type HalfLoggedIn = {
  /** The partial token. */
  readonly token: string;
  readonly mfa_required: true;
  readonly mfa_methods: readonly SecondFactorMethod[];
  /** Only where the person has no second factor yet: what they can add with the partial token. */
  readonly mfa_enrolment?: typeof enrolments;
  /** Seconds. */
  readonly expires_in: number;
};

/**
 * Keeps what was asked for and proven until the second factor comes.
 * @throws Refusal wrong_credentials when the user was disabled, or changed the password, since it was checked;
 * unmet_authentication_requirements when they have no second factor and the tenant lets nobody add one.
 */
export async function askSecondFactor(
  deps: Deps,
  context: RequestContext,
  asked: Omit<Proven, 'user' | 'second' | 'only'> & { readonly user: UserWithPassword; readonly demanded: Acr },
): Promise<HalfLoggedIn> {
  const { tenant, now } = context;
  const { user, client, scopes, resources, proofs, reserved, device, demanded, spend } = asked;
  const mustEnrol = !isSecondFactor(user.secondFactors);
  const methods = provableNow(deps, tenant, user, firstFactorOf(proofs));
  // Whoever has one that cannot be used now is not let in by adding another.
  if (mustEnrol ? tenant.settings.mfa === 'off' : methods.length === 0) {
    await recordUnmet(deps, context, { userId: user.id, reserved });
    throw new Refusal(
      'unmet_authentication_requirements',
      mustEnrol
        ? 'A second factor is asked for, and nobody can add one here.'
        : 'A second factor is asked for, and the one there is cannot be used now.',
    );
  }
  const attemptId = deps.random(18).toString('base64url');
  const { token, hash } = await makePartialToken(deps, context, { attemptId, userId: user.id, clientId: client.id });
  const half = {
    id: attemptId,
    tokenHash: hash,
    userId: user.id,
    proofs,
    expiresAt: now + halfDoneFor,
    clientId: client.id,
    scopes,
    resources,
    demanded,
    mayEnrol: mustEnrol,
    passwordVersion: user.passwordVersion,
    ...(device !== undefined && { device }),
    accountKey: reserved?.accountKey,
    addressKey: reserved?.addressKey,
  };
  const event = eventOf(deps, actingAs(context, 'user', user.id));
  await withSpent(deps.db, spend, async (db) => {
    if (!(await insertHalfSignIn(db, tenant.id, half, event))) throw wrongCredentials();
  });
  return {
    token,
    mfa_required: true,
    mfa_methods: methods,
    ...(mustEnrol && { mfa_enrolment: enrolments }),
    expires_in: partialTokenLifetime,
  };
}

export type HalfDone = Awaited<ReturnType<typeof halfDoneOf>>;

/**
 * The half-done sign-in of a partial token, for the client that got it.
 * @throws OAuthError invalid_token, also after a change of the password; invalid_client when a confidential client does not authenticate.
 */
export async function halfDoneOf(deps: Deps, context: RequestContext, token: string, named: NamedClient) {
  const partial = await openPartialToken(deps, context, token);
  if (!partial) throw partialTokenInvalid();
  const client = await clientOf(deps, context, partial.clientId, named);
  if (client.id !== partial.clientId) throw partialTokenInvalid();
  const { attemptId: id, hash: tokenHash } = partial;
  const found = await findHalfSignIn(deps.db, context.tenant.id, { id, tokenHash, now: context.now });
  if (!found || found.user.id !== partial.userId) throw partialTokenInvalid();
  return { attemptId: id, client, ...found };
}

/** The token says which client got it; one that names none is taken for it. */
function clientOf(deps: Deps, context: RequestContext, clientId: string, named: NamedClient): Promise<Client> {
  return firstPartyClient(deps, context, namesItsClient(named) ? named : { ...named, client_id: clientId });
}
