// A person changes their own password: the one they have beside the new one, and every other session ends.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { invalidInput } from '../../domain/errors.ts';
import { chosenPasswordProblem } from '../../schemas/password.ts';
import { lockPassword, setPasswordHash } from '../../storage/passwords.ts';
import { endOthersOf } from '../../storage/users.ts';
import { newId, record } from '../events.ts';
import { wrongCredentials } from '../sign-in/check-password.ts';
import { attemptSucceeded } from '../sign-in/limiter.ts';
import { namesAround } from '../users/names-around.ts';
import { checkOwnPassword } from '../sign-in/own-password.ts';
import { freshBearer } from './bearer.ts';

/**
 * The session of the token goes on, with what came of it.
 * @throws OAuthError invalid_token, insufficient_user_authentication; Refusal invalid_input for the new password,
 * wrong_credentials for the current one, too_many_attempts. @throws Unavailable when too many hashes wait.
 */
export async function changePassword(
  deps: Deps,
  context: RequestContext,
  accessToken: string,
  { current, wanted }: { current: string; wanted: string },
): Promise<void> {
  const { tenant, now } = context;
  const { user, sessionId } = await freshBearer(deps, context, accessToken);
  const problem =
    chosenPasswordProblem(wanted, namesAround(tenant, user)) ??
    (wanted === current ? 'is the one there is' : undefined);
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
