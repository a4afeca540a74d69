// What a mailed link or code proves beside who somebody is, the first time: that the address is theirs.
import type { Deps } from '../../deps.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import { isSecondFactor } from '../../domain/factors.ts';
import type { Db } from '../../storage/database.ts';
import { removePassword } from '../../storage/passwords.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { endEverythingOf, findUser, markEmailVerified } from '../../storage/users.ts';
import { record } from '../events.ts';

/** What the address being theirs changes, once what was mailed is spent. */
export type FirstVerification = {
  /** As they are afterwards. */
  readonly user: UserWithPassword;
  /** On the transaction that spends it, once the person is locked. @returns false when it is not the first any more. */
  readonly isStill: (tx: Db) => Promise<boolean>;
  /** After that. */
  readonly verify: (tx: Db) => Promise<void>;
};

/**
 * Undefined when nothing changes: the address is proven already; or there is a second factor, which is proven after this, so
 * that this alone is not enough to take anything from the account. Otherwise a password that was set before, perhaps by
 * somebody who only knew the address, is worth nothing any more, and what was signed in with it ends.
 */
export function firstVerification(
  deps: Deps,
  context: RequestContext,
  before: UserWithPassword,
): FirstVerification | undefined {
  if (before.emailVerified || isSecondFactor(before.secondFactors)) return undefined;
  const { tenant, now } = context;
  const { id } = before;
  const hadPassword = before.passwordHash !== undefined;
  return {
    user: {
      ...before,
      emailVerified: true,
      passwordHash: undefined,
      changePasswordBy: undefined,
      passwordVersion: before.passwordVersion + (hadPassword ? 1 : 0),
    },
    isStill: async (tx) => (await findUser(tx, tenant.id, id))?.emailVerified === false,
    async verify(tx) {
      await markEmailVerified(tx, tenant.id, id, now);
      if (hadPassword) await removePassword(tx, tenant.id, id, now);
      const ended = await endEverythingOf(tx, tenant.id, id, 'password_changed', now);
      await record(deps, tx, actingAs(context, 'user', id), {
        type: 'user.email_verified',
        userId: id,
        data: { ...ended, password_removed: hadPassword },
      });
    },
  };
}
