// A second factor proven without a browser: the half-done sign-in becomes a whole one, or a session that stands is raised.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { firstFactorIn, firstFactorOf, missingFactors, secondFactorMethods, steppedUp } from '../../domain/factors.ts';
import { reporting } from '../../domain/metrics.ts';
import { raiseGrant } from '../../storage/second-factors.ts';
import { activeClient } from '../clients/current.ts';
import { eventOf } from '../events.ts';
import { mintTokens } from '../grants/mint.ts';
import { checkCode, type GivenCode, wrongCode } from '../sign-in/check-code.ts';
import { knownBrowserOf, withKnownBrowser } from '../sign-in/known-browsers.ts';
import { codeCameBack } from '../sign-in/sent-code.ts';
import { firstPartyBearer } from './bearer.ts';
import type { NamedClient } from './client.ts';
import { halfDoneOf } from './half-done.ts';
import { partialTokenInvalid } from './partial-token.ts';
import { beginTokenSession, type LoggedIn } from './session.ts';

export type Verified = LoggedIn & { readonly mfa_verified: true };

/**
 * The whole answer of the sign-in that the partial token is of.
 * @throws OAuthError invalid_token, and for the client; Refusal wrong_code, too_many_attempts.
 */
export function verifySecondFactor(
  deps: Deps,
  context: RequestContext,
  asked: NamedClient & GivenCode & { readonly token: string },
): Promise<Verified> {
  return counted(deps, asked, async () => {
    const { attemptId, client, half, proofs, user } = await halfDoneOf(deps, context, asked.token, asked);
    const { tenant, now } = context;
    const knownBrowser = knownBrowserOf(deps, tenant.id, half.device, user.id, 'code');
    const { method, credentialId, step, codeHash, cameBack, reserved } = await checkCode(deps, context, {
      user,
      given: asked,
      knownBrowser,
      proving: { kind: 'half sign-in', id: attemptId },
      first: firstFactorOf(proofs),
    });
    const all = [...proofs, { method, at: now }];
    if (missingFactors(all, half.demanded).length > 0) throw partialTokenInvalid();
    const { scopes, resources, device } = half;
    const second = { attemptId, credentialId, step, codeHash };
    const proven = { user, client, scopes, resources, proofs: all, reserved, device, second };
    const loggedIn = await beginTokenSession(deps, context, proven);
    if (cameBack) await codeCameBack(deps.db, context, cameBack);
    return { ...loggedIn, mfa_verified: true };
  });
}

/**
 * RFC 9470 4, step-up: the session and the family of an access token say from here on that a second factor was proven. The
 * refresh token goes on; when the person signed in stays as it was.
 * @throws OAuthError invalid_token; Refusal wrong_code, too_many_attempts.
 */
export function stepUp(deps: Deps, context: RequestContext, accessToken: string, given: GivenCode): Promise<Verified> {
  return counted(deps, given, async () => {
    const { tenant, now } = context;
    const { user, grant, scopes, audience } = await firstPartyBearer(deps, context, accessToken);
    const client = await activeClient(deps, tenant, grant.clientId);
    if (!client) throw ended();
    const { method, credentialId, step, codeHash, cameBack, reserved } = await checkCode(deps, context, {
      user,
      given,
      knownBrowser: undefined,
      proving: { kind: 'token', id: grant.id },
      first: firstFactorIn(grant.authentication.amr),
    });
    const authentication = steppedUp(grant.authentication, { method, at: now });
    const { accountKey, addressKey } = reserved;
    const { amr, acr } = authentication;
    const { response, place } = await mintTokens(deps, context, {
      subject: { kind: 'grant', grant: { ...grant, authentication }, user },
      client,
      scopes,
      // Of a token that was narrowed comes no wider one.
      resources: grant.resources.filter((resource) => audience.includes(resource)),
    });
    const how = await raiseGrant(
      deps.db,
      tenant.id,
      {
        userId: user.id,
        credentialId,
        step,
        codeHash,
        accountKey,
        addressKey,
        grantId: grant.id,
        amr,
        acr,
        mfaMethod: method,
        place,
      },
      eventOf(deps, actingAs(context, 'user', user.id)),
    );
    if (how === 'spent before') throw wrongCode();
    if (how === 'ended') throw ended();
    if (cameBack) await codeCameBack(deps.db, context, cameBack);
    const device = withKnownBrowser(deps, tenant.id, undefined, { userId: user.id, acr });
    return { ...response, token: response.access_token, device, mfa_verified: true };
  });
}

function ended(): OAuthError {
  return new OAuthError('invalid_token', 'The access token is invalid, expired or revoked.', 'its family has ended');
}

/** Counted under the method that was named, or that most codes are of. */
function counted(deps: Deps, { method }: GivenCode, prove: () => Promise<Verified>): Promise<Verified> {
  const counts = secondFactorMethods.find((one) => one === method) ?? 'totp';
  return reporting(prove(), (outcome) => deps.metrics.signIn(counts, outcome));
}
