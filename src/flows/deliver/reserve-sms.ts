// Text messages are counted before they are sent, because each costs money, which is what some ask for them for.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { type Budget, networkOf, smsBudgets } from '../../domain/limits.ts';
import type { LimitKind } from '../../domain/metrics.ts';
import type { Db } from '../../storage/database.ts';
import { clearAttempts, refundAttempt, reserveAttempt, returnAttempt } from '../../storage/limits.ts';

const hour = 3600_000;

/** Digits after the `+`: a country and the first of its own, which tell where a message is charged. */
const prefixDigits = 5;

type Counted = { readonly key: string; readonly budget: Budget; readonly kind: LimitKind };

/** What a message to `phone` is counted under: the number last, so that who waits for it costs nobody else anything. */
function counts({ now, ip }: RequestContext, phone: string): readonly Counted[] {
  const window = Math.floor(now / hour);
  const network = ip === undefined ? [] : [counted('network', networkOf(ip))];
  return [
    ...network,
    counted('tenant', ''),
    counted('prefix', phone.slice(1, 1 + prefixDigits)),
    { key: numberKey(phone), budget: smsBudgets.number, kind: 'sms_number' },
  ];

  function counted(what: 'network' | 'prefix' | 'tenant', whose: string): Counted {
    return { key: `sms ${what} ${window} ${whose}`, budget: smsBudgets[what], kind: `sms_${what}` };
  }
}

/** @throws Refusal too_many_attempts with the seconds to wait. */
export async function reserveSms(deps: Deps, context: RequestContext, phone: string): Promise<void> {
  const { tenant, now } = context;
  const taken: string[] = [];
  for (const { key, budget, kind } of counts(context, phone)) {
    const reserved = await reserveAttempt(deps.db, tenant.id, key, budget, now);
    if (reserved.allowed) {
      taken.push(key);
      continue;
    }
    for (const other of taken) await returnAttempt(deps.db, tenant.id, other);
    deps.metrics.limited(kind);
    const retryAfter = Math.max(1, Math.ceil((reserved.retryAt - now) / 1000));
    throw new Refusal('too_many_attempts', 'There were too many requests for codes.', { retryAfter });
  }
}

/**
 * Its code came back: the person may ask again, and the tenant has paid for somebody. Networks and prefixes get nothing back:
 * who is paid for messages can send their codes back as well.
 */
export async function smsConfirmed(db: Db, context: RequestContext, phone: string): Promise<void> {
  for (const { key, kind } of counts(context, phone)) {
    if (kind === 'sms_number') await clearAttempts(db, context.tenant.id, key);
    if (kind === 'sms_tenant') await refundAttempt(db, context.tenant.id, key);
  }
}

function numberKey(phone: string): string {
  return `sms number ${contentTag(phone)}`;
}
