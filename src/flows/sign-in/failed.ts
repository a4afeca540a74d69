// A failed attempt at a factor, as the audit log keeps it.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { GuessedAt } from '../../domain/limits.ts';
import { record } from '../events.ts';

/** Beyond a few, failures are recorded only at each doubling: an attack must not fill the log. */
export async function recordFailure(
  deps: Deps,
  context: RequestContext,
  { factor, userId, attempts }: { factor: GuessedAt; userId: string | undefined; attempts: number },
): Promise<void> {
  if (attempts > 5 && !Number.isInteger(Math.log2(attempts))) return;
  await record(deps, deps.db, context, {
    type: 'user.sign_in_failed',
    ...(userId === undefined ? {} : { userId }),
    data: { factor, attempts },
  });
}
