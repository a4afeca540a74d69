// The limiter of password attempts: reserved before the hash, split so that strangers cannot lock out a browser the account knows.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { networkOf, passwordBudgets } from '../../domain/limits.ts';
import { identifierKey } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { clearAttempts, refundAttempt, reserveAttempt, returnAttempt } from '../../storage/limits.ts';

/** A reserved attempt: where it was counted, and the how-manieth it is. */
export type ReservedAttempt = {
  readonly accountKey: string;
  readonly addressKey: string | undefined;
  readonly attempts: number;
};

/**
 * Counts an attempt before anything is computed. Known and unknown names are counted alike.
 * @throws Refusal too_many_attempts with the seconds to wait.
 */
export async function reservePasswordAttempt(
  deps: Deps,
  context: RequestContext,
  account: { identifier: string; userId: string | undefined; knownBrowser: string | undefined },
): Promise<ReservedAttempt> {
  const { tenant, now, ip } = context;
  // A browser that the account knows has its own budget only: strangers at the same address cannot use it up.
  const addressKey =
    ip === undefined || account.knownBrowser !== undefined ? undefined : `password address ${networkOf(ip)}`;
  if (addressKey !== undefined) {
    const address = await reserveAttempt(deps.db, tenant.id, addressKey, passwordBudgets.address, now);
    if (!address.allowed) throw tooMany(address.retryAt - now);
  }
  // Strangers are counted by the name they typed: were two names of one user counted together, that would tell of the user.
  const accountKey =
    account.userId === undefined || account.knownBrowser === undefined
      ? `password account ${contentTag(identifierKey(account.identifier))}`
      : `password account ${account.userId} browser ${account.knownBrowser}`;
  const budget = account.knownBrowser === undefined ? passwordBudgets.strangers : passwordBudgets.knownBrowser;
  const reserved = await reserveAttempt(deps.db, tenant.id, accountKey, budget, now);
  if (!reserved.allowed) throw tooMany(reserved.retryAt - now);
  return { accountKey, addressKey, attempts: reserved.attempts };
}

/** The attempt was right: the account's count starts anew, and the address gets back the one it spent. */
export async function attemptSucceeded(tx: Db, tenantId: string, reserved: ReservedAttempt): Promise<void> {
  await clearAttempts(tx, tenantId, reserved.accountKey);
  if (reserved.addressKey !== undefined) await refundAttempt(tx, tenantId, reserved.addressKey);
}

/** The attempt was never made: it is given back, and the wait that it began with it. */
export async function attemptNotMade(db: Db, tenantId: string, reserved: ReservedAttempt, now: number): Promise<void> {
  for (const key of [reserved.accountKey, reserved.addressKey])
    if (key !== undefined) await returnAttempt(db, tenantId, key, now);
}

function tooMany(wait: number): Refusal {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  return new Refusal('too_many_attempts', 429, 'There were too many attempts to sign in.', { retryAfter });
}
