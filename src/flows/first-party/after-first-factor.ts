// What follows the first factor without a browser, whichever it was: the tokens, or a partial token for the second.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { demandedAcr, type FirstFactorMethod, mfaPolicyFor, missingFactors } from '../../domain/factors.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { recordMustChange } from '../sign-in/failed.ts';
import { askSecondFactor, type HalfLoggedIn } from './half-done.ts';
import { beginTokenSession, type LoggedIn, type Proven } from './session.ts';

/**
 * `request`: acr values, of which one is enough.
 * @throws Refusal password_change_required, unmet_authentication_requirements; as {@link beginTokenSession}.
 */
export async function afterFirstFactor(
  deps: Deps,
  context: RequestContext,
  {
    method,
    request,
    ...first
  }: Omit<Proven, 'user' | 'proofs' | 'second'> & {
    readonly user: UserWithPassword;
    readonly method: FirstFactorMethod;
    readonly request: readonly string[];
  },
): Promise<LoggedIn | HalfLoggedIn> {
  const { tenant, now } = context;
  const { user, client, reserved } = first;
  if (user.changePasswordBy !== undefined) {
    await recordMustChange(deps, context, { userId: user.id, reserved });
    throw new Refusal('password_change_required', 'The password must be changed first, by signing in in a browser.');
  }
  const proven = { ...first, proofs: [{ method, at: now }] };
  const demanded = demandedAcr({
    enrolled: user.secondFactors,
    tenant: mfaPolicyFor(tenant.settings, user.adminRoles),
    client: client.metadata.required_acr,
    request,
  });
  return missingFactors(proven.proofs, demanded).length > 0
    ? askSecondFactor(deps, context, { ...proven, demanded })
    : beginTokenSession(deps, context, proven);
}
