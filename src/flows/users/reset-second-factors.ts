// Second factors taken from a user by whoever runs the server: the telephone is lost, and the recovery codes with it.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import { refuseSignInsUnderWay } from '../../storage/passwords.ts';
import { removeSecondFactors } from '../../storage/second-factors.ts';
import { endEverythingOf, type Ended } from '../../storage/users.ts';
import { record } from '../events.ts';
import { forgetAttempts } from '../sign-in/limiter.ts';
import { findNamedPerson, lockReachableUser } from './find.ts';

/**
 * Whoever has the lost telephone is out as well: every session, grant and sign-in under way ends, and wrong codes before are forgotten.
 * `removed` 0: there was none, and nothing else changed. @throws Refusal not_found, invalid_input for a service account.
 */
export async function resetSecondFactors(
  deps: Deps,
  context: RequestContext,
  named: string,
): Promise<{ user: User; removed: number; ended: Ended }> {
  const { tenant, now } = context;
  const { id } = await findNamedPerson(deps, context, named);
  return deps.db.transaction(async (tx) => {
    const user = await lockReachableUser(tx, context, id, named);
    const removed = await removeSecondFactors(tx, tenant.id, id);
    await forgetAttempts(tx, tenant.id, user);
    if (removed === 0) return { user, removed, ended: { sessions: 0, grants: 0 } };
    await refuseSignInsUnderWay(tx, tenant.id, id, now);
    const ended = await endEverythingOf(tx, tenant.id, id, 'second_factor_changed', now);
    await record(deps, tx, context, {
      type: 'user.second_factor_removed',
      userId: id,
      data: { method: 'all', factors: removed, ...ended },
    });
    return { user, removed, ended };
  });
}
