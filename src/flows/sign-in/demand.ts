// How much a browser's sign-in must prove: what the person, tenant, client and request ask for, together.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { type Acr, demandedAcr, mfaPolicyFor } from '../../domain/factors.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import { activeClient } from '../clients/current.ts';

/** OpenID Connect Core 1.0 3.1.2.1 `acr_values`, Registration 1.0 2 `default_acr_values`. */
export async function demandOf(
  deps: Deps,
  { tenant }: RequestContext,
  attempt: SignInAttempt,
  user: Pick<UserWithPassword, 'secondFactors' | 'adminRoles'>,
): Promise<Acr> {
  const { request } = attempt;
  const client = request && (await activeClient(deps, tenant, request.clientId));
  const asked = request?.acrValues ?? [];
  return demandedAcr({
    enrolled: user.secondFactors,
    tenant: mfaPolicyFor(tenant.settings, user.adminRoles),
    client: client?.metadata.required_acr,
    request: asked.length > 0 ? asked : (client?.metadata.default_acr_values ?? []),
  });
}
