// A second factor removed by its person, and what there is of them.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { isSecondFactor, isSent, maySend, mfaPolicyFor, provable } from '../../domain/factors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import { removeSecondFactor, type SecondFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { endOthersOf, lockUser } from '../../storage/users.ts';
import { record } from '../events.ts';
import { sentRules } from '../sign-in/provable.ts';
import { keptSession, type Owner } from './owner.ts';
import type { Again } from './prove-again.ts';

/** With the last factor the recovery codes go, and what may only stand beside a stronger one goes with that. @throws Refusal not_found; conflict for the only one of who must have one; as {@link Again}. */
export async function removeFactor(
  deps: Deps,
  context: RequestContext,
  owner: Owner,
  { id, again, endOthers }: { id: string; again: Again; endOthers: boolean },
): Promise<void> {
  const { tenant, now } = context;
  const { user } = owner;
  await deps.db.transaction(async (tx) => {
    await lockUser(tx, tenant.id, user.id);
    await again(tx);
    const factors = await secondFactorsOf(tx, tenant.id, user.id);
    if (mustStay(deps, tenant, user, factors, id)) throw onlyOne();
    if (!factors.some((factor) => factor.id === id && factor.method !== 'recovery_code')) throw noSuchFactor();
    for (const factor of goingWith(deps, tenant, factors, id)) {
      await removeSecondFactor(tx, tenant.id, user.id, factor.id);
      await record(deps, tx, actingAs(context, 'user', user.id), {
        type: 'user.second_factor_removed',
        userId: user.id,
        data: { method: factor.method, id: factor.id },
      });
    }
    if (endOthers) await endOthersOf(tx, tenant.id, user.id, keptSession(owner), 'second_factor_changed', now);
  });
}

type Listed = Pick<SecondFactor, 'id' | 'method'>;

/** Whether somebody who must have a second factor would have none that can be used without this one. */
export function mustStay(
  deps: Pick<Deps, 'channels'>,
  tenant: Tenant,
  user: Pick<User, 'adminRoles'>,
  factors: readonly Listed[],
  id: string,
): boolean {
  if (mfaPolicyFor(tenant.settings, user.adminRoles) !== 'required') return false;
  const gone = goingWith(deps, tenant, factors, id);
  const left = factors.filter((factor) => !gone.includes(factor)).map(({ method }) => method);
  return gone.length > 0 && !isSecondFactor(provable(left, sentRules(deps, tenant), undefined));
}

/** The factor, and what may not stand without it. */
function goingWith(
  deps: Pick<Deps, 'channels'>,
  tenant: Tenant,
  factors: readonly Listed[],
  id: string,
): readonly Listed[] {
  const real = factors.filter(({ method }) => method !== 'recovery_code');
  const left = real.filter((factor) => factor.id !== id).map(({ method }) => method);
  const rules = sentRules(deps, tenant);
  const isLeftAlone = ({ method }: Listed) =>
    isSent(method) && rules[method] === 'beside_stronger' && !maySend(method, left, rules);
  return real.filter((factor) => factor.id === id || isLeftAlone(factor));
}

export function onlyOne(): Refusal {
  return new Refusal('conflict', 'A second factor is required here, and this is the only one. Add another one first.');
}

export function noSuchFactor(): Refusal {
  return new Refusal('not_found', 'There is no such factor.');
}

/** Times in milliseconds. */
export type FactorList = {
  readonly factors: readonly SecondFactor[];
  /** How many there were made, and how many are left. */
  readonly codes: { readonly made: number; readonly left: number };
};

export function listed(all: readonly SecondFactor[]): FactorList {
  const codes = all.filter(({ method }) => method === 'recovery_code');
  return {
    factors: all.filter(({ method }) => method !== 'recovery_code'),
    codes: { made: codes.length, left: codes.filter(({ lastUsedAt }) => lastUsedAt === undefined).length },
  };
}
