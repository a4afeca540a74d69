// What somebody proves who they are with, seen and taken away by administrators.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Credential } from '../../schemas/credential.ts';
import { refuseSignInsUnderWay } from '../../storage/passwords.ts';
import { removeSecondFactor, secondFactorsOf } from '../../storage/second-factors.ts';
import { endEverythingOf, findUserWithPassword } from '../../storage/users.ts';
import { record } from '../events.ts';
import { forgetAttempts } from '../sign-in/limiter.ts';
import { findNamedPerson, lockReachableUser } from '../users/find.ts';
import { listed, noSuchFactor } from './remove.ts';

/** The password, the factors, the recovery codes: that they are there. @throws Refusal not_found. */
export async function credentialsOf(
  deps: Deps,
  { tenant }: RequestContext,
  userId: string,
): Promise<readonly Credential[]> {
  const user = await findUserWithPassword(deps.db, tenant.id, userId);
  const { factors, codes } = listed(await secondFactorsOf(deps.db, tenant.id, userId));
  return [
    ...(user?.passwordHash === undefined
      ? []
      : [{ id: 'password', kind: 'password', changeBy: user.changePasswordBy } as const]),
    ...factors.map(({ id, method, name, createdAt, lastUsedAt }) => ({
      id,
      kind: method as 'totp' | 'sms' | 'email',
      name,
      createdAt,
      lastUsedAt,
    })),
    ...(codes.made === 0 ? [] : [{ id: 'recovery_codes', kind: 'recovery_codes', left: codes.left } as const]),
  ];
}

/**
 * Takes a factor away, with the last one the recovery codes too. Whoever has what was lost is out as well: every session, grant
 * and sign-in under way ends. @throws Refusal not_found, forbidden; conflict for what is no factor.
 */
export async function removeFactorOf(
  deps: Deps,
  context: RequestContext,
  userId: string,
  factorId: string,
): Promise<void> {
  const { tenant, now } = context;
  const { id } = await findNamedPerson(deps, context, userId);
  if (factorId === 'password' || factorId === 'recovery_codes')
    throw new Refusal(
      'conflict',
      'Only second factors are taken away; a password is replaced, codes go with the factors.',
    );
  await deps.db.transaction(async (tx) => {
    const user = await lockReachableUser(tx, context, id, userId);
    const factor = (await secondFactorsOf(tx, tenant.id, id)).find((one) => one.id === factorId);
    if (!factor || factor.method === 'recovery_code') throw noSuchFactor();
    await removeSecondFactor(tx, tenant.id, id, factorId);
    await forgetAttempts(tx, tenant.id, user);
    await refuseSignInsUnderWay(tx, tenant.id, id, now);
    const ended = await endEverythingOf(tx, tenant.id, id, 'second_factor_changed', now);
    const data = { method: factor.method, id: factorId, ...ended };
    await record(deps, tx, context, { type: 'user.second_factor_removed', userId: id, data });
  });
}
