// Another password by the link that was mailed: once, from any browser, and never around the second factor.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { invalidInput, Refusal } from '../../domain/errors.ts';
import { chosenPasswordProblem } from '../../schemas/password.ts';
import type { User } from '../../domain/user.ts';
import { findPasswordReset, spendOneTimeToken } from '../../storage/one-time-tokens.ts';
import { lockPassword, setPasswordHash } from '../../storage/passwords.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { endEverythingOf, findUser, findUserWithPassword, markEmailVerified } from '../../storage/users.ts';
import { mailCameBack } from '../deliver/reserve.ts';
import { newId, record } from '../events.ts';
import { forgetPasswordAttempts } from '../sign-in/limiter.ts';
import { namesAround } from '../users/names-around.ts';

/** Whose password the link is for. Looking spends nothing. @throws Refusal reset_closed. */
export async function checkReset(
  deps: Deps,
  { tenant, now }: RequestContext,
  token: string | undefined,
): Promise<{ hash: Buffer; user: UserWithPassword }> {
  const hash = hashOfOpaque('passwordReset', token);
  const reset = hash && (await findPasswordReset(deps.db, tenant.id, hash, now));
  const user = reset && (await findUserWithPassword(deps.db, tenant.id, reset.userId));
  // Who has another address by now is told there.
  if (!hash || !user || user.disabled || user.email !== reset.email || user.passwordVersion !== reset.passwordVersion)
    throw closed();
  return { hash, user };
}

/**
 * The password is the one from here on; every session and grant of the person ends, and they sign in with it, and with the
 * second factor that they have. The mail has proven the address. One winner, however often the form comes.
 * @throws Refusal reset_closed; invalid_input for the password. @throws Unavailable when too many hashes wait.
 */
export async function resetPassword(
  deps: Deps,
  context: RequestContext,
  token: string | undefined,
  wanted: string,
): Promise<User> {
  const { tenant, now } = context;
  const { hash, user } = await checkReset(deps, context, token);
  const problem = chosenPasswordProblem(wanted, await namesAround(deps, tenant, user));
  if (problem !== undefined) throw invalidInput([{ path: ['new_password'], problem }]);
  const passwordHash = await deps.hasher.hash(wanted);
  const acting = actingAs(context, 'user', user.id);
  await deps.db.transaction(async (tx) => {
    // Disabled, or the password changed, meanwhile.
    if (!(await lockPassword(tx, tenant.id, user.id, user.passwordVersion))) throw closed();
    const locked = await findUser(tx, tenant.id, user.id);
    if (locked?.email !== user.email) throw closed();
    if (!(await spendOneTimeToken(tx, tenant.id, 'password_reset', hash, now))) throw closed();
    await setPasswordHash(tx, tenant.id, user.id, { id: newId(deps, now), hash: passwordHash }, now);
    if (!user.emailVerified) await markEmailVerified(tx, tenant.id, user.id, now);
    const ended = await endEverythingOf(tx, tenant.id, user.id, 'password_changed', now);
    // Of passwords only: codes are not what the mail has proven.
    await forgetPasswordAttempts(tx, tenant.id, user);
    await mailCameBack(tx, context, { email: user.email! });
    await record(deps, tx, acting, { type: 'user.password_reset', userId: user.id, data: ended });
  });
  return user;
}

function closed(): Refusal {
  return new Refusal('reset_closed', 'This link was used, has expired, or the password was changed since.');
}
