// A program signs in with a key of its service account: an access token, and nothing that outlives it.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { authenticationOf, demandedAcr, reaches } from '../../domain/factors.ts';
import { type Grant, noStatusBits } from '../../domain/grant.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { beginFirstPartySession } from '../../storage/first-party-sign-ins.ts';
import { resourcesFor } from '../clients/grantable.ts';
import { eventOf, newId } from '../events.ts';
import { mintTokens } from '../grants/mint.ts';
import { type CheckedKey, checkKey } from '../service-accounts/check-key.ts';
import type { AskedFor } from './asked-for.ts';

/** What login has found out before it looks at the password. */
export type ServiceLogin = {
  readonly username: string;
  readonly password: string;
  readonly client: Client;
  readonly asked: AskedFor;
  /** Of what was asked for, what the client may have. */
  readonly scopes: readonly string[];
  /** `acr_values`. */
  readonly request: readonly string[];
};

/**
 * Two round trips. @returns undefined when the password is no key of this account: then it goes the way of all passwords.
 * @throws OAuthError invalid_scope, invalid_target; Refusal unmet_authentication_requirements.
 */
export async function serviceLogin(
  deps: Deps,
  context: RequestContext,
  asked: ServiceLogin,
): Promise<TokenResponse | undefined> {
  // A second time, because the sign-in is also refused when another key of the account is revoked at this moment.
  for (let tries = 0; tries < 2; tries += 1) {
    const checked = await checkKey(deps, context, asked);
    if (!checked) return undefined;
    const response = await tokensFor(deps, context, checked, asked);
    if (response) return response;
  }
  return undefined;
}

/** @returns undefined when the account was disabled, or one of its keys revoked, since the key was checked. */
async function tokensFor(
  deps: Deps,
  context: RequestContext,
  { user, passwordVersion }: CheckedKey,
  { client, asked, scopes: wanted, request }: ServiceLogin,
): Promise<TokenResponse | undefined> {
  const { tenant, now } = context;
  const authentication = authenticationOf([{ method: 'password', at: now }]);
  // What a tenant demands of people says nothing about programs.
  const { required_acr: required } = client.metadata;
  const demanded = demandedAcr({ enrolled: [], tenant: 'optional', client: required, request });
  if (!reaches(authentication.acr, demanded))
    throw new Refusal('unmet_authentication_requirements', 'A key is one factor, and two are asked for.');
  // Both are about a person: who they are, and what goes on while they are away.
  const scopes = wanted.filter((scope) => scope !== 'openid' && scope !== 'offline_access');
  const named = [asked.resource ?? []].flat();
  // Without `openid`, which would mean the issuer as well.
  const resources = await resourcesFor(deps, tenant, { named, scopes: asked.scope === undefined ? [] : scopes });
  if ('problem' in resources) throw new OAuthError('invalid_target', resources.problem);
  if (wanted.length > 0 && scopes.length === 0)
    throw new OAuthError('invalid_scope', 'No scope that was asked for is one that a service account may have.');
  const grant: Grant = {
    id: newId(deps, now),
    clientId: client.id,
    userId: user.id,
    sessionId: newId(deps, now),
    scopes,
    resources,
    claims: undefined,
    offline: false,
    authentication,
    expiresAt: now + client.metadata.access_token_lifetime * 1000,
    revoked: false,
    ...noStatusBits,
  };
  const { response, place } = await mintTokens(deps, context, {
    subject: { kind: 'grant', grant, user },
    client,
    scopes,
    resources,
  });
  // Its session is as long as its token, which a resource may make shorter or longer.
  const expiresAt = now + response.expires_in * 1000;
  const isBegun = await beginFirstPartySession(
    deps.db,
    tenant.id,
    {
      userId: user.id,
      passwordVersion,
      sessionId: grant.sessionId!,
      secretHash: opaqueToken('session', deps.random(opaqueBytes)).hash,
      authentication,
      idleExpiresAt: expiresAt,
      sessionExpiresAt: expiresAt,
      userAgent: context.userAgent?.slice(0, 300),
      grantId: grant.id,
      clientId: client.id,
      scopes,
      resources,
      offline: false,
      grantExpiresAt: expiresAt,
      refreshHash: undefined,
      accountKey: undefined,
      addressKey: undefined,
      secondEventId: newId(deps, now),
      place,
    },
    eventOf(deps, actingAs(context, 'user', user.id)),
  );
  return isBegun ? response : undefined;
}
