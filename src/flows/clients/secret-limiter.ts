// The limiter of wrong client secrets: counted in the database only when one was wrong, remembered in this process while it lasts.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { clientSecretBudget, networkOf, waitAfter } from '../../domain/limits.ts';
import { reserveAttempt } from '../../storage/limits.ts';

/** @throws Refusal too_many_attempts while guesses from this network at this client have used up their budget. */
export function refuseWhileClosed(deps: Deps, context: RequestContext, clientId: string): void {
  const until = deps.closedUntil.get(keyOf(context, clientId));
  // Nobody waits longer than the longest wait: a clock that was ahead when it began is right by now.
  if (until !== undefined && until > context.now && until <= context.now + clientSecretBudget.longestWait) {
    deps.metrics.limited('client_secret');
    throw tooMany(until - context.now);
  }
}

/** Counts a wrong secret, and says so in the log. */
export async function countWrongSecret(deps: Deps, context: RequestContext, clientId: string): Promise<void> {
  const key = keyOf(context, clientId);
  deps.log.warn(
    { reqId: context.requestId, tenant: context.tenant.slug, client: clientId, ip: context.ip },
    'wrong client secret',
  );
  const reserved = await reserveAttempt(
    deps.db,
    context.tenant.id,
    `client secret ${key}`,
    clientSecretBudget,
    context.now,
  );
  const until = reserved.allowed ? context.now + waitAfter(clientSecretBudget, reserved.attempts) : reserved.retryAt;
  if (until > context.now) deps.closedUntil.set(key, until);
}

function keyOf({ tenant, ip }: RequestContext, clientId: string): string {
  return `${tenant.id} ${clientId} ${ip === undefined ? '' : networkOf(ip)}`;
}

function tooMany(wait: number): Refusal {
  const retryAfter = Math.max(1, Math.ceil(wait / 1000));
  return new Refusal('too_many_attempts', 'There were too many wrong secrets for this client.', { retryAfter });
}
