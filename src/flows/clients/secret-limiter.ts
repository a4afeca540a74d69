// The limiter of client secrets: a secret is counted before it is answered, in the database, unless it was right from there lately.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import type { ClientSecret } from '../../domain/client-secret.ts';
import type { RequestContext } from '../../domain/context.ts';
import { clientSecretBudget, networkOf, rightSecretRemembered, waitAfter } from '../../domain/limits.ts';
import { refundAttempt, rememberRight, reserveAttempt, wasRight } from '../../storage/limits.ts';
import { tooMany } from '../too-many.ts';

/**
 * Lets the answer to a secret be given, right or wrong. Of guesses that come at once, at whichever processes, no more are
 * answered than of those that come one by one. A secret that was right lately from this network costs no statement, and is let
 * in while others guess there.
 * `rightOne`: the secret that it is; undefined for a wrong one.
 * @throws Refusal too_many_attempts, whether it is right or not.
 */
export async function admitSecret(
  deps: Deps,
  context: RequestContext,
  client: Pick<Client, 'id' | 'secrets'>,
  rightOne: ClientSecret | undefined,
): Promise<void> {
  const { tenant, now, ip } = context;
  const isRight = rightOne !== undefined;
  const network = ip === undefined ? '' : networkOf(ip);
  const guessed = `client secret ${client.id} ${network}`;
  // Another secret is another key: one that was replaced is not remembered.
  const right = `client secret right ${client.id} ${network} ${(rightOne ?? client.secrets[0])?.mac ?? ''}`;
  const [closedKey, rightKey] = [`${tenant.id} ${guessed}`, `${tenant.id} ${right}`];
  const remember = async () => {
    await rememberRight(deps.db, tenant.id, right, now + rightSecretRemembered);
    deps.rightUntil.set(rightKey, now + rightSecretRemembered);
  };
  const known = isRight ? (deps.rightUntil.get(rightKey) ?? 0) - now : 0;
  // From time to time it is written down that it still is: who is always right is always remembered.
  if (known > 0) return known < rightSecretRemembered / 2 ? remember() : undefined;
  const refuse = async (until: number) => {
    // Looked up for wrong ones too: else the time of a refusal would tell which was right.
    if ((await wasRight(deps.db, tenant.id, right, now)) && isRight) return remember();
    throw tooMany(deps, 'client_secret', until - now, 'There were too many wrong secrets for this client.');
  };

  const closed = deps.closedUntil.get(closedKey);
  // Nobody waits longer than the longest wait: a clock that was ahead when it began is right by now.
  if (closed !== undefined && closed > now && closed <= now + clientSecretBudget.longestWait) return refuse(closed);
  const reserved = await reserveAttempt(deps.db, tenant.id, guessed, clientSecretBudget, now);
  const until = reserved.allowed ? now + waitAfter(clientSecretBudget, reserved.attempts) : reserved.retryAt;
  if (until > now) deps.closedUntil.set(closedKey, until);
  if (!reserved.allowed) return refuse(until);
  if (isRight) {
    await refundAttempt(deps.db, tenant.id, guessed);
    return remember();
  }
  deps.log.warn({ reqId: context.requestId, tenant: tenant.slug, client: client.id, ip }, 'wrong client secret');
}
