// A person changes their own password: the one they have beside the new one, and every other session ends.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import type { User } from '../../domain/user.ts';
import { chosenPasswordProblem } from '../../schemas/password.ts';
import { lockPassword, setPasswordHash } from '../../storage/passwords.ts';
import { endOthersOf } from '../../storage/users.ts';
import { newId, record } from '../events.ts';
import { wrongCredentials } from '../sign-in/check-password.ts';
import { attemptSucceeded } from '../sign-in/limiter.ts';
import { checkOwnPassword } from '../sign-in/own-password.ts';
import { namesAround } from './names-around.ts';

/** In words, for a new password that is the old one. */
export const samePassword = 'is the one there is';

/**
 * `sessionId`: the sign-in that goes on. Whoever calls this has seen that it is fresh.
 * @throws Refusal invalid_input for the new password, wrong_credentials for the current one, too_many_attempts.
 * @throws Unavailable when too many hashes wait.
 */
export async function changeOwnPassword(
  deps: Deps,
  context: RequestContext,
  { user, sessionId }: { user: User; sessionId: string | undefined },
  { current, wanted }: { current: string; wanted: string },
): Promise<void> {
  const { tenant, now } = context;
  const around = await namesAround(deps, tenant, user);
  const problem = chosenPasswordProblem(wanted, around) ?? (wanted === current ? samePassword : undefined);
  if (problem !== undefined) throw invalidInput([{ path: ['new_password'], problem }]);
  const { reserved, passwordVersion } = await checkOwnPassword(deps, context, { user, sessionId }, current);
  const hash = await deps.hasher.hash(wanted);
  const acting = actingAs(context, 'user', user.id);
  await deps.db.transaction(async (tx) => {
    if (!(await lockPassword(tx, tenant.id, user.id, passwordVersion))) throw wrongCredentials();
    await setPasswordHash(tx, tenant.id, user.id, { id: newId(deps, now), hash }, now);
    const ended = await endOthersOf(tx, tenant.id, user.id, sessionId, 'password_changed', now);
    await attemptSucceeded(tx, tenant.id, reserved);
    await record(deps, tx, acting, { type: 'user.password_changed', userId: user.id, data: ended });
  });
}
