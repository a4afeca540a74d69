// A second factor removed by its person, and what there is of them.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { mfaPolicyFor } from '../../domain/factors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import type { Db } from '../../storage/database.ts';
import { removeSecondFactor, type SecondFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { endOthersOf, lockUser } from '../../storage/users.ts';
import { record } from '../events.ts';
import { keptSession, type Owner } from './owner.ts';
import type { Again } from './prove-again.ts';

/** With the last factor the recovery codes go. @throws Refusal not_found; conflict for the only one of who must have one; as {@link Again}. */
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
    if (await isOnlyOne(tx, context, user, id)) throw onlyOne();
    if (!isUuid(id) || !(await removeSecondFactor(tx, tenant.id, user.id, id))) throw noSuchFactor();
    if (endOthers) await endOthersOf(tx, tenant.id, user.id, keptSession(owner), 'second_factor_changed', now);
    await record(deps, tx, actingAs(context, 'user', user.id), {
      type: 'user.second_factor_removed',
      userId: user.id,
      data: { method: 'totp', id },
    });
  });
}

/** Whether this is the last second factor of somebody who must have one. */
async function isOnlyOne(tx: Db, { tenant }: RequestContext, user: User, id: string): Promise<boolean> {
  return mustStay(tenant, user, await secondFactorsOf(tx, tenant.id, user.id), id);
}

/** The same, of the factors that there are. */
export function mustStay(
  tenant: Tenant,
  user: Pick<User, 'roles'>,
  factors: readonly Pick<SecondFactor, 'id' | 'method'>[],
  id: string,
): boolean {
  const real = factors.filter(({ method }) => method !== 'recovery_code');
  return real.length === 1 && real[0]!.id === id && mfaPolicyFor(tenant.settings, user.roles) === 'required';
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
