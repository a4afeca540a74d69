// Mails that somebody asks for are counted before anything is looked up: the same for addresses that nobody has.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { mailBudgets, networkOf } from '../../domain/limits.ts';
import { identifierKey } from '../../domain/user.ts';
import type { LimitKind } from '../../domain/metrics.ts';
import type { Db } from '../../storage/database.ts';
import { clearAttempts, reserveAttempt, returnAttempt } from '../../storage/limits.ts';

/** Three for an address at once, whatever their kind, then more and more slowly. @throws Refusal too_many_attempts with the seconds to wait. */
export async function reserveMail(deps: Deps, context: RequestContext, email: string): Promise<void> {
  const { tenant, now, ip } = context;
  const networkKey = ip === undefined ? undefined : `mail network ${networkOf(ip)}`;
  const network = networkKey && (await reserveAttempt(deps.db, tenant.id, networkKey, mailBudgets.network, now));
  if (network && !network.allowed) throw tooMany(deps, 'mail_network', network.retryAt - now);
  const address = await reserveAttempt(deps.db, tenant.id, addressKey(email), mailBudgets.address, now);
  if (address.allowed) return;
  // Of the others who ask from there, nobody waits for it.
  if (networkKey !== undefined) await returnAttempt(deps.db, tenant.id, networkKey);
  throw tooMany(deps, 'mail_address', address.retryAt - now);
}

/** Who has chosen another password may forget it again. */
export async function clearMails(tx: Db, { tenant }: RequestContext, email: string): Promise<void> {
  await clearAttempts(tx, tenant.id, addressKey(email));
}

function addressKey(email: string): string {
  return `mail address ${contentTag(identifierKey(email))}`;
}

function tooMany(deps: Deps, kind: LimitKind, wait: number): Refusal {
  deps.metrics.limited(kind);
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  return new Refusal('too_many_attempts', 'There were too many requests for mails.', { retryAfter });
}
