// The limiter of attempts at a factor: reserved before it is checked, split so that strangers cannot lock out a browser the account knows.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { factorBudgets, type GuessedAt, guessedAt, mailedCodeGuesses, networkOf } from '../../domain/limits.ts';
import { identifierKey, type User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import {
  clearAttempts,
  clearAttemptsBelow,
  refundAttempt,
  reserveAttempt,
  returnAttempt,
} from '../../storage/limits.ts';
import { tooMany } from '../too-many.ts';

const text = 'There were too many attempts to sign in.';

const day = 24 * 3600_000;

/** A reserved attempt: where it was counted, and the number of this attempt. */
export type ReservedAttempt = {
  readonly accountKey: string;
  readonly addressKey: string | undefined;
  readonly attempts: number;
};

/**
 * Counts an attempt before anything is computed. Known and unknown names are counted alike.
 * @throws Refusal too_many_attempts with the seconds to wait.
 */
export async function reserveFactorAttempt(
  deps: Deps,
  context: RequestContext,
  factor: GuessedAt,
  account: {
    readonly identifier: string;
    readonly userId: string | undefined;
    readonly knownBrowser: string | undefined;
    /** Whoever guesses says that they asked for the code: counted per network, so that others who say so keep nobody from theirs. */
    readonly asked?: boolean;
  },
): Promise<ReservedAttempt> {
  const { tenant, now, ip } = context;
  const budgets = factorBudgets[factor];
  // A browser that the account knows has its own budget only: strangers at the same address cannot use it up.
  const addressKey =
    ip === undefined || account.knownBrowser !== undefined ? undefined : `${factor} address ${networkOf(ip)}`;
  if (addressKey !== undefined) {
    const address = await reserveAttempt(deps.db, tenant.id, addressKey, budgets.address, now);
    if (!address.allowed) throw tooMany(deps, `${factor}_address`, address.retryAt - now, text);
  }
  // Strangers are counted by the name they typed: were two names of one user counted together, that would tell of the user.
  const accountKey =
    account.userId === undefined || account.knownBrowser === undefined
      ? strangersKey(factor, account.identifier, account.asked ? networkOf(ip ?? '') : undefined)
      : `${browsersKey(factor, account.userId)}${account.knownBrowser}`;
  const budget = account.knownBrowser === undefined ? budgets.strangers : budgets.knownBrowser;
  const reserved = await reserveAttempt(deps.db, tenant.id, accountKey, budget, now);
  if (!reserved.allowed) {
    const whose = account.knownBrowser === undefined ? 'account' : 'known_browser';
    throw tooMany(deps, `${factor}_${whose}`, reserved.retryAt - now, text);
  }
  return { accountKey, addressKey, attempts: reserved.attempts };
}

/**
 * Counts a guess at a code that there is, for its account: all that browsers it knows guess in a day, and all that others do.
 * @returns false when there were too many: no code is worth anything then.
 */
export async function mayGuessAtMailedCode(
  deps: Deps,
  { tenant, now }: RequestContext,
  { userId, isKnown }: { readonly userId: string; readonly isKnown: boolean },
): Promise<boolean> {
  const key = `mailed_code guesses ${Math.floor(now / day)} ${userId} ${isKnown ? 'known' : 'others'}`;
  const { allowed } = await reserveAttempt(deps.db, tenant.id, key, mailedCodeGuesses, now);
  if (!allowed) deps.metrics.limited(isKnown ? 'mailed_code_known_browser' : 'mailed_code_account');
  return allowed;
}

/** The attempt was right: the account's count starts anew, and the address gets back the one it spent. */
export async function attemptSucceeded(tx: Db, tenantId: string, reserved: ReservedAttempt): Promise<void> {
  await clearAttempts(tx, tenantId, reserved.accountKey);
  if (reserved.addressKey !== undefined) await refundAttempt(tx, tenantId, reserved.addressKey);
}

/** The attempt was never made: it is given back, and the wait that it began with it. */
export async function attemptNotMade(db: Db, tenantId: string, reserved: ReservedAttempt): Promise<void> {
  for (const key of [reserved.accountKey, reserved.addressKey])
    if (key !== undefined) await returnAttempt(db, tenantId, key);
}

/** Forgets every attempt at any factor of the user, by strangers under either name and by browsers that the user knows. */
export async function forgetAttempts(
  tx: Db,
  tenantId: string,
  user: Pick<User, 'id' | 'username' | 'email'>,
): Promise<void> {
  for (const factor of guessedAt) await forgetAttemptsAt(tx, tenantId, user, factor);
}

/** The same of passwords alone. */
export function forgetPasswordAttempts(
  tx: Db,
  tenantId: string,
  user: Pick<User, 'id' | 'username' | 'email'>,
): Promise<void> {
  return forgetAttemptsAt(tx, tenantId, user, 'password');
}

async function forgetAttemptsAt(
  tx: Db,
  tenantId: string,
  { id, username, email }: Pick<User, 'id' | 'username' | 'email'>,
  factor: GuessedAt,
): Promise<void> {
  for (const name of [username, email])
    if (name !== undefined) await clearAttemptsBelow(tx, tenantId, strangersKey(factor, name));
  await clearAttemptsBelow(tx, tenantId, browsersKey(factor, id));
}

/** `network`: of whoever says that they asked for the code. */
function strangersKey(factor: GuessedAt, identifier: string, network?: string): string {
  return `${factor} account ${contentTag(identifierKey(identifier))}${network === undefined ? '' : ` asked ${network}`}`;
}

/** What the key of each browser that knows the user begins with. */
function browsersKey(factor: GuessedAt, userId: string): string {
  return `${factor} account ${userId} browser `;
}
