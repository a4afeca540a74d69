// Signing in without a browser: a username and a password, or a key, for tokens, for the tenant's own applications.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { acrValues, authenticationOf } from '../../domain/factors.ts';
import type { Grant } from '../../domain/grant.ts';
import { reporting } from '../../domain/metrics.ts';
import type { TokenResponse } from '../../domain/token-response.ts';
import { beginFirstPartySession } from '../../storage/first-party-sign-ins.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { grantableScopes, registeredResources } from '../clients/grantable.ts';
import { eventOf, newId } from '../events.ts';
import { mintTokens } from '../grants/mint.ts';
import { checkPassword, wrongCredentials } from '../sign-in/check-password.ts';
import { withKnownBrowser } from '../sign-in/known-browsers.ts';
import { firstPartyClient, type NamedClient } from './client.ts';
import { serviceLogin } from './service-login.ts';

export type Login = NamedClient & {
  readonly username: string;
  readonly password: string;
  readonly scope?: string | undefined;
  readonly resource?: string | readonly string[] | undefined;
  readonly acr_values?: string | undefined;
  /** What an earlier sign-in gave: with it the device has a budget of its own. */
  readonly device?: string | undefined;
};

/** `token` is the access token, once more. A program has no `device`: strangers cannot keep it out. */
export type LoggedIn = TokenResponse & { readonly token: string; readonly device?: string };

/**
 * At most five round trips: the user, two budgets, the session with its tokens; and a hash made anew where one is due.
 * @throws OAuthError for the client and what it asks for; Refusal wrong_credentials, too_many_attempts,
 * unmet_authentication_requirements. @throws Unavailable when too many hashes wait.
 */
export function login(deps: Deps, context: RequestContext, asked: Login): Promise<LoggedIn> {
  return reporting(withPassword(deps, context, asked), (outcome) => deps.metrics.signIn('password', outcome));
}

async function withPassword(deps: Deps, context: RequestContext, asked: Login): Promise<LoggedIn> {
  const { tenant, now } = context;
  const client = await firstPartyClient(deps, context, asked);
  const scopes = scopesFor(client, asked.scope);
  const resources = await registeredResources(deps, tenant, [asked.resource ?? []].flat());
  if (!resources) throw new OAuthError('invalid_target', 'A resource that was asked for is not registered here.');
  assertReachable(asked.acr_values);
  const { username, password, acr_values: acrValues } = asked;
  const service = await serviceLogin(deps, context, { username, password, client, scopes, resources, acrValues });
  if (service) return { ...service, token: service.access_token };
  const checked = await checkPassword(deps, context, { ...asked, known: asked.device });
  const { user, reserved, rehashed } = checked;
  const authentication = authenticationOf([{ method: 'password', at: now }]);
  const refresh = client.metadata.grant_types.includes('refresh_token')
    ? opaqueToken('refreshToken', deps.random(opaqueBytes))
    : undefined;
  const grant: Grant = {
    id: newId(deps, now),
    clientId: client.id,
    userId: user.id,
    sessionId: newId(deps, now),
    scopes,
    resources,
    offline: scopes.includes('offline_access'),
    authentication,
    expiresAt: now + client.metadata.refresh_token_lifetime * 1000,
    revoked: false,
  };
  const response = await mintTokens(deps, context, {
    subject: { kind: 'grant', grant },
    client,
    scopes,
    resources,
    refreshToken: refresh?.token,
  });
  const isBegun = await beginFirstPartySession(
    deps.db,
    tenant.id,
    {
      userId: user.id,
      passwordVersion: user.passwordVersion,
      sessionId: grant.sessionId!,
      secretHash: opaqueToken('session', deps.random(opaqueBytes)).hash,
      authentication,
      idleExpiresAt: now + tenant.settings.session_idle_lifetime * 1000,
      sessionExpiresAt: now + tenant.settings.session_lifetime * 1000,
      userAgent: context.userAgent?.slice(0, 300),
      grantId: grant.id,
      clientId: client.id,
      scopes,
      resources,
      offline: grant.offline,
      grantExpiresAt: grant.expiresAt,
      refreshHash: refresh?.hash,
      accountKey: reserved.accountKey,
      addressKey: reserved.addressKey,
      secondEventId: newId(deps, now),
    },
    eventOf(deps, actingAs(context, 'user', user.id)),
  );
  if (!isBegun) throw wrongCredentials();
  if (rehashed) await replacePasswordHash(deps.db, tenant.id, user.id, rehashed.from, rehashed.to);
  const device = withKnownBrowser(deps, tenant.id, asked.device, user.id);
  return { ...response, token: response.access_token, device };
}

/** None asked: the registered ones, but for those that are given only when asked for. */
function scopesFor(client: Client, asked: string | undefined): string[] {
  const scopes = grantableScopes(client, asked);
  if (!scopes) throw new OAuthError('invalid_scope', 'No scope that was asked for is one this client may have.');
  return asked === undefined ? scopes.filter((scope) => scope !== 'openid' && scope !== 'offline_access') : scopes;
}

/** @throws Refusal unmet_authentication_requirements when nothing that can be proven here is one of them. */
function assertReachable(asked: string | undefined): void {
  const values = (asked ?? '').split(' ').filter((value) => value !== '');
  if (values.length === 0 || acrValues.some((value) => values.includes(value))) return;
  throw new Refusal(
    'unmet_authentication_requirements',
    `None of the acr_values can be reached. Those there are: ${acrValues.join(', ')}.`,
  );
}
