// Recovery codes: ten at a time, shown once.
import { recoveryCode, recoveryCodeBytes } from '../../crypto/recovery-codes.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { isSecondFactor } from '../../domain/factors.ts';
import type { User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { replaceRecoveryCodes, secondFactorsOf } from '../../storage/second-factors.ts';
import { lockUser } from '../../storage/users.ts';
import { newId, record } from '../events.ts';
import { noSecondFactor } from '../sign-in/check-code.ts';
import type { Again } from './prove-again.ts';

/** How many there are of each making. */
const howMany = 10;

/** In the place of all that the user had. */
export async function makeRecoveryCodes(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  { userId, withFactor }: { readonly userId: string; readonly withFactor: boolean },
): Promise<readonly string[]> {
  const { tenant, now } = context;
  const made = Array.from({ length: howMany }, () => recoveryCode(deps.random(recoveryCodeBytes)));
  const rows = made.map(({ hash }) => ({ id: newId(deps, now), hash }));
  await replaceRecoveryCodes(tx, tenant.id, userId, rows, now);
  await record(deps, tx, context, {
    type: 'user.recovery_codes_made',
    userId,
    data: { with_factor: withFactor },
  });
  return made.map(({ code }) => code);
}

/** @throws Refusal conflict for who has no factor that they would stand in for; as {@link Again}. */
export async function renewRecoveryCodes(
  deps: Deps,
  context: RequestContext,
  user: User,
  again: Again,
): Promise<readonly string[]> {
  const { tenant } = context;
  return deps.db.transaction(async (tx) => {
    await lockUser(tx, tenant.id, user.id);
    await again(tx);
    const methods = (await secondFactorsOf(tx, tenant.id, user.id)).map(({ method }) => method);
    if (!isSecondFactor(methods)) throw noSecondFactor();
    return makeRecoveryCodes(deps, tx, actingAs(context, 'user', user.id), { userId: user.id, withFactor: false });
  });
}
