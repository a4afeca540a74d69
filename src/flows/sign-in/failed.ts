// A failed attempt at a factor, as the audit log keeps it.
import type { Deps } from '../../deps.ts';
import type { AuditEvent } from '../../domain/audit.ts';
import { actingAs, type RequestContext } from '../../domain/context.ts';
import type { GuessedAt } from '../../domain/limits.ts';
import { record } from '../events.ts';
import { attemptSucceeded, type ReservedAttempt } from './limiter.ts';

/** Why it failed: for the log only, because the answer is the same for all. */
type Reason = 'unknown user' | 'no password' | 'disabled user' | 'wrong password' | 'password has ended' | 'wrong code';

/** Each in the log of the process. In the audit log, beyond a few, at each doubling only: an attack must not fill it. */
export async function recordFailure(
  deps: Deps,
  context: RequestContext,
  {
    factor,
    userId,
    attempts,
    reason,
  }: { factor: GuessedAt; userId: string | undefined; attempts: number; reason: Reason },
): Promise<void> {
  const { tenant, requestId: reqId, ip } = context;
  deps.log.info({ reqId, tenant: tenant.slug, ip, userId, factor, attempts, reason }, 'a factor was not proven');
  if (attempts > 5 && !Number.isInteger(Math.log2(attempts))) return;
  await record(deps, deps.db, context, {
    type: 'user.sign_in_failed',
    ...(userId === undefined ? {} : { userId }),
    data: { factor, attempts },
  });
}

/**
 * A right password that is not enough, and the person has nothing more: no wrong attempt, and what a guesser learned by it
 * stands in the audit log.
 */
export async function recordUnmet(
  deps: Deps,
  context: RequestContext,
  { userId, reserved }: { userId: string; reserved: ReservedAttempt | undefined },
): Promise<void> {
  await recordAsked(deps, context, reserved, {
    type: 'user.second_factor_asked',
    userId,
    data: { enrolled: false },
  });
}

/** The same of a password that must be changed first, where it cannot be. */
export async function recordMustChange(
  deps: Deps,
  context: RequestContext,
  { userId, reserved }: { userId: string; reserved: ReservedAttempt | undefined },
): Promise<void> {
  await recordAsked(deps, context, reserved, { type: 'user.password_change_asked', userId });
}

async function recordAsked(
  deps: Deps,
  context: RequestContext,
  reserved: ReservedAttempt | undefined,
  event: AuditEvent & { readonly userId: string },
): Promise<void> {
  const { tenant } = context;
  await deps.db.transaction(async (tx) => {
    if (reserved) await attemptSucceeded(tx, tenant.id, reserved);
    await record(deps, tx, actingAs(context, 'user', event.userId), event);
  });
}
