// Mails that somebody asks for are counted before anything is looked up: the same for addresses that nobody has.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { mailBudgets, networkOf } from '../../domain/limits.ts';
import { identifierKey } from '../../domain/user.ts';
import { reserveAttempt } from '../../storage/limits.ts';

/** Three an hour for an address, whatever their kind, then more and more slowly. @throws Refusal too_many_attempts with the seconds to wait. */
export async function reserveMail(deps: Deps, context: RequestContext, email: string): Promise<void> {
  const { tenant, now, ip } = context;
  const keys = [
    ...(ip === undefined ? [] : [['network', networkOf(ip)] as const]),
    ['address', contentTag(identifierKey(email))] as const,
  ];
  for (const [kind, of] of keys) {
    const reserved = await reserveAttempt(deps.db, tenant.id, `mail ${kind} ${of}`, mailBudgets[kind], now);
    if (reserved.allowed) continue;
    deps.metrics.limited(`mail_${kind}`);
    const retryAfter = Math.max(1, Math.ceil((reserved.retryAt - now) / 1000));
    throw new Refusal('too_many_attempts', 'There were too many requests for mails.', { retryAfter });
  }
}
