// Mails that somebody asks for are counted before anything is sent: the same for addresses that nobody has.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { type Budget, mailBudgets, networkOf } from '../../domain/limits.ts';
import { identifierKey } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { clearAttempts, refundAttempt, reserveAttempt, returnAttempt } from '../../storage/limits.ts';
import { tooMany } from '../too-many.ts';

const text = 'There were too many requests for mails.';

const day = 24 * 3600_000;

/** Who asks for mails to an account, where it is no stranger: these have a budget of their own when others have used up that of the address. */
export type KnownAsker = {
  readonly userId: string;
  /** Which of the browsers that the account knows, or which session or sign-in of theirs. */
  readonly from: string;
};

/** Takes back what was counted for something that is not sent after all, and the waits it began. */
export type GiveBack = () => Promise<void>;

export type AskedMail = {
  readonly email: string;
  readonly asker?: KnownAsker | undefined;
  /** A link to another password can be used from any browser: one goes out however many other mails strangers ask for. */
  readonly isReset?: boolean;
};

/**
 * Three for an address at once, whatever their kind, then more and more slowly.
 * @throws Refusal too_many_attempts with the seconds to wait. @returns for a mail that is not sent after all.
 */
export async function reserveMail(deps: Deps, context: RequestContext, mail: AskedMail): Promise<GiveBack> {
  const { tenant, now, ip } = context;
  const { email, asker, isReset = false } = mail;
  const taken: string[] = [];
  const giveBack = async () => {
    for (const key of taken) await returnAttempt(deps.db, tenant.id, key);
  };
  // Whom the account knows is not kept from it by others who ask from there.
  if (ip !== undefined && !asker) {
    const network = await reserve(`mail network ${networkOf(ip)}`, mailBudgets.network);
    if (!network.allowed) throw tooMany(deps, 'mail_network', network.retryAt - now, text);
  }
  // Counted under all of them each time: whoever has a budget of their own has no more mails for it while nobody disturbs them.
  const counted = [await reserve(addressKey(email), mailBudgets.address)];
  if (isReset) counted.push(await reserve(resetKey(email), mailBudgets.reset));
  if (asker) {
    const own = await reserve(askerKey(asker), mailBudgets.address);
    // Counted only where it is needed: what an account may ask for out of turn, however many devices it knows.
    const isNeeded = own.allowed && !counted.some(({ allowed }) => allowed);
    counted.push(isNeeded ? await reserve(personKey(asker, now), mailBudgets.person) : own);
  }
  if (counted.some(({ allowed }) => allowed)) return giveBack;
  // Of the others who ask from there, nobody waits for it.
  await giveBack();
  const soonest = Math.min(...counted.map((one) => (one.allowed ? Infinity : one.retryAt)));
  throw tooMany(deps, 'mail_address', soonest - now, text);

  async function reserve(key: string, budget: Budget) {
    const reserved = await reserveAttempt(deps.db, tenant.id, key, budget, now);
    if (reserved.allowed) taken.push(key);
    return reserved;
  }
}

/** Whoever asked has shown that the mailbox is theirs, and may ask again. */
export async function mailCameBack(
  tx: Db,
  { tenant }: RequestContext,
  { email, asker }: { readonly email: string; readonly asker?: KnownAsker | undefined },
): Promise<void> {
  // Given back, not forgotten: strangers who used it up would see by it that somebody has the address, and is there.
  await refundAttempt(tx, tenant.id, addressKey(email));
  if (asker) await clearAttempts(tx, tenant.id, askerKey(asker));
}

function addressKey(email: string): string {
  return `mail address ${contentTag(identifierKey(email))}`;
}

function resetKey(email: string): string {
  return `mail reset ${contentTag(identifierKey(email))}`;
}

function askerKey({ userId, from }: KnownAsker): string {
  return `mail asker ${userId} ${from}`;
}

function personKey({ userId }: KnownAsker, now: number): string {
  return `mail person ${Math.floor(now / day)} ${userId}`;
}
