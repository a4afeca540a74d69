// Text messages are counted before they are sent, because each costs money, which is what some ask for them for.
import { contentTag } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { type Asker, networkOf, smsBudgets } from '../../domain/limits.ts';
import type { Db } from '../../storage/database.ts';
import { clearAttempts, refundAttempt, reserveAttempt, returnAttempt } from '../../storage/limits.ts';
import { tooMany } from '../too-many.ts';
import type { GiveBack } from './reserve.ts';

const hour = 3600_000;

/** Digits after the `+`: a country and the first of its own, which tell where a message is charged. */
const prefixDigits = 5;

export type AskedSms = {
  readonly phone: string;
  readonly userId: string;
  /** Of the factor that somebody has. Undefined: the number is to be added, and may be anybody's. */
  readonly from: Asker | undefined;
};

type Counted = { readonly key: string; readonly what: keyof typeof smsBudgets };

/** What a message is counted under, the most particular last: who waits for that costs nobody else anything. */
function counts({ now, ip }: RequestContext, { phone, userId, from }: AskedSms): readonly Counted[] {
  const [thisHour, today] = [Math.floor(now / hour), Math.floor(now / (24 * hour))];
  const tenant = counted('tenant', `${thisHour}`);
  const network = ip === undefined ? undefined : networkOf(ip);
  // A number that has sent codes back is no way to be paid for messages that costs its owner nothing: its person is known.
  if (from)
    return [
      ...(from.isKnown || network === undefined ? [] : [counted('asking', `${thisHour} ${network}`)]),
      tenant,
      counted(from.isKnown ? 'devices' : 'person', `${today} ${userId}`),
      counted('factor', `${userId} ${from.key}`),
    ];
  return [
    ...(network === undefined ? [] : [counted('network', `${thisHour} ${network}`)]),
    tenant,
    counted('prefix', `${thisHour} ${phone.slice(1, 1 + prefixDigits)}`),
    counted('enrolment', `${today} ${userId}`),
    counted('number', contentTag(phone)),
  ];

  function counted(what: Counted['what'], whose: string): Counted {
    return { key: `sms ${what} ${whose}`, what };
  }
}

/** @throws Refusal too_many_attempts with the seconds to wait. @returns for a message that is not sent after all. */
export async function reserveSms(deps: Deps, context: RequestContext, asked: AskedSms): Promise<GiveBack> {
  const { tenant, now } = context;
  const taken: string[] = [];
  const giveBack = async () => {
    for (const key of taken) await returnAttempt(deps.db, tenant.id, key);
  };
  for (const { key, what } of counts(context, asked)) {
    const reserved = await reserveAttempt(deps.db, tenant.id, key, smsBudgets[what], now);
    if (reserved.allowed) {
      taken.push(key);
      continue;
    }
    await giveBack();
    throw tooMany(deps, `sms_${what}`, reserved.retryAt - now, 'There were too many requests for codes.');
  }
  return giveBack;
}

/**
 * Its code came back: whoever asked may ask again, and for a factor that was there the tenant has paid for somebody. Of a
 * number that is added nothing else is given back: who is paid for messages can send their codes back as well.
 */
export async function smsConfirmed(db: Db, context: RequestContext, asked: AskedSms): Promise<void> {
  for (const { key, what } of counts(context, asked)) {
    if (what === 'number' || what === 'factor') await clearAttempts(db, context.tenant.id, key);
    if (what === 'tenant' && asked.from !== undefined) await refundAttempt(db, context.tenant.id, key);
  }
}
