// What a client asks for beside a sign-in: scopes, resources, and how much must be proven.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError, Refusal } from '../../domain/errors.ts';
import { acrValues } from '../../domain/factors.ts';
import { grantableScopes, resourcesFor } from '../clients/grantable.ts';

export type AskedFor = {
  readonly scope?: string | undefined;
  readonly resource?: string | readonly string[] | undefined;
};

/** @throws OAuthError invalid_scope, invalid_target. */
export async function askedFor(
  deps: Deps,
  { tenant }: RequestContext,
  client: Client,
  { scope, resource }: AskedFor,
): Promise<{ readonly scopes: readonly string[]; readonly resources: readonly string[] }> {
  const scopes = grantableScopes(client, scope);
  if (!scopes) throw new OAuthError('invalid_scope', 'No scope that was asked for is one this client may have.');
  const meant = scope === undefined ? [] : scopes;
  const resources = await resourcesFor(deps, tenant, { named: [resource ?? []].flat(), scopes: meant });
  if ('problem' in resources) throw new OAuthError('invalid_target', resources.problem);
  return { scopes, resources };
}

/** OpenID Connect Registration 1.0 2: none asked, those of the client. @throws Refusal unmet_authentication_requirements when nobody here can reach one of them. */
export function acrValuesFor(client: Client, asked: string | undefined): readonly string[] {
  const values = (asked ?? '').split(' ').filter((value) => value !== '');
  if (values.length === 0) return client.metadata.default_acr_values ?? [];
  if (acrValues.some((value) => values.includes(value))) return values;
  throw new Refusal(
    'unmet_authentication_requirements',
    `None of the acr_values can be reached. Those there are: ${acrValues.join(', ')}.`,
  );
}
