// Signing in without a browser: a username and a password, or a key, for tokens, for the tenant's own applications.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { reporting } from '../../domain/metrics.ts';
import { replacePasswordHash } from '../../storage/passwords.ts';
import { checkPassword } from '../sign-in/check-password.ts';
import { firstPartyClient, type NamedClient } from './client.ts';
import { afterFirstFactor } from './after-first-factor.ts';
import { acrValuesFor, askedFor, type AskedFor } from './asked-for.ts';
import type { HalfLoggedIn } from './half-done.ts';
import { serviceLogin } from './service-login.ts';
import type { LoggedIn } from './session.ts';

export type Login = NamedClient &
  AskedFor & {
    readonly username: string;
    readonly password: string;
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
  const { tenant } = context;
  const client = await firstPartyClient(deps, context, asked);
  const { scopes, resources } = await askedFor(deps, context, client, asked);
  const request = acrValuesFor(client, asked.acr_values);
  const { username, password } = asked;
  const service = await serviceLogin(deps, context, { username, password, client, asked, scopes, request });
  if (service) return { ...service, token: service.access_token };
  const { user, reserved, rehashed } = await checkPassword(deps, context, { ...asked, known: asked.device });
  const { device } = asked;
  const first = { method: 'password', user, client, scopes, resources, reserved, device, request } as const;
  const answer = await afterFirstFactor(deps, context, first);
  if (rehashed) await replacePasswordHash(deps.db, tenant.id, user.id, rehashed.from, rehashed.to);
  return answer;
}
