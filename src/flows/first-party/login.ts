// Signing in without a browser: a username and a password, or a key, for tokens, for the tenant's own applications.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { acrValues, demandedAcr, mfaPolicyFor, missingFactors } from '../../domain/factors.ts';
import { reporting } from '../../domain/metrics.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { grantableScopes, registeredResources } from '../clients/grantable.ts';
import { checkPassword } from '../sign-in/check-password.ts';
import { recordMustChange } from '../sign-in/failed.ts';
import { firstPartyClient, type NamedClient } from './client.ts';
import { askSecondFactor, type HalfLoggedIn } from './half-done.ts';
import { serviceLogin } from './service-login.ts';
import { beginTokenSession, type LoggedIn } from './session.ts';

export type Login = NamedClient & {
  readonly username: string;
  readonly password: string;
  readonly scope?: string | undefined;
  readonly resource?: string | readonly string[] | undefined;
  readonly acr_values?: string | undefined;
  /** What an earlier sign-in gave: with it the device has a budget of its own. */
  readonly device?: string | undefined;
};

/**
 * At most five round trips: the user, two budgets, the session with its tokens; and a hash made anew where one is due. Or,
 * where a second factor is needed, a partial token in place of the session.
 * @throws OAuthError for the client and what it asks for; Refusal wrong_credentials, too_many_attempts,
 * password_change_required, unmet_authentication_requirements. @throws Unavailable when too many hashes wait.
 */
export function login(deps: Deps, context: RequestContext, asked: Login): Promise<LoggedIn | HalfLoggedIn> {
  return reporting(withPassword(deps, context, asked), (outcome) => deps.metrics.signIn('password', outcome));
}

async function withPassword(deps: Deps, context: RequestContext, asked: Login): Promise<LoggedIn | HalfLoggedIn> {
  const { tenant, now } = context;
  const client = await firstPartyClient(deps, context, asked);
  const scopes = scopesFor(client, asked.scope);
  const resources = await registeredResources(deps, tenant, [asked.resource ?? []].flat());
  if (!resources) throw new OAuthError('invalid_target', 'A resource that was asked for is not registered here.');
  const request = acrValuesFor(client, asked.acr_values);
  const { username, password } = asked;
  const service = await serviceLogin(deps, context, { username, password, client, scopes, resources, request });
  if (service) return { ...service, token: service.access_token };
  const { user, reserved, rehashed } = await checkPassword(deps, context, { ...asked, known: asked.device });
  if (user.changePasswordBy !== undefined) {
    await recordMustChange(deps, context, { userId: user.id, reserved });
    throw new Refusal(
      'password_change_required',
      'The password must be changed first, by signing in with it in a browser.',
    );
  }
  const proven = {
    user,
    client,
    scopes,
    resources,
    proofs: [{ method: 'password', at: now }],
    reserved,
    device: asked.device,
  } as const;
  const demanded = demandedAcr({
    enrolled: user.secondFactors,
    tenant: mfaPolicyFor(tenant.settings, user.roles),
    client: client.metadata.required_acr,
    request,
  });
  const isHalf = missingFactors(proven.proofs, demanded).length > 0;
  const answer = isHalf
    ? await askSecondFactor(deps, context, { ...proven, demanded })
    : await beginTokenSession(deps, context, proven);
  if (rehashed) await replacePasswordHash(deps.db, tenant.id, user.id, rehashed.from, rehashed.to);
  return answer;
}

function scopesFor(client: Client, asked: string | undefined): string[] {
  const scopes = grantableScopes(client, asked);
  if (!scopes) throw new OAuthError('invalid_scope', 'No scope that was asked for is one this client may have.');
  return scopes;
}

/** OpenID Connect Registration 1.0 2: none asked, those of the client. @throws Refusal unmet_authentication_requirements when nobody here can reach one of them. */
function acrValuesFor(client: Client, asked: string | undefined): readonly string[] {
  const values = (asked ?? '').split(' ').filter((value) => value !== '');
  if (values.length === 0) return client.metadata.default_acr_values ?? [];
  if (acrValues.some((value) => values.includes(value))) return values;
  throw new Refusal(
    'unmet_authentication_requirements',
    `None of the acr_values can be reached. Those there are: ${acrValues.join(', ')}.`,
  );
}
