// What the pages between the password and the session have in common: whose sign-in waits, and for whom.
import type { Deps } from '../../deps.ts';
import { waitingFor } from '../../domain/account-change.ts';
import type { Client } from '../../domain/client.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { SignInAttempt } from '../../storage/sign-in-attempts.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { activeClient } from '../clients/current.ts';
import type { SignedIn } from './complete.ts';
import { livingSession } from './session.ts';

export type HalfDonePage = {
  readonly attemptId: string;
  readonly client: Client | undefined;
  readonly username: string;
  /** Its person came from their account page, and may go back there. */
  readonly isForAccount: boolean;
  readonly uiLocales: string | undefined;
};

/** Where a browser goes on whose attempt is complete. */
export type WayOn = Pick<SignedIn, 'attemptId' | 'hasRequest' | 'accountChange'>;

/** @returns undefined unless the attempt has begun the browser's session. `cookie` is that of the session. */
export async function alreadySignedIn(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
  cookie: string | undefined,
): Promise<WayOn | undefined> {
  const session = await livingSession(deps, context, cookie);
  if (!session || session.id !== attempt.sessionId) return undefined;
  return {
    attemptId: attempt.id,
    hasRequest: attempt.request !== undefined,
    accountChange: waitingFor(attempt.accountChange, session.userId),
  };
}

/** What every such page shows. */
export async function halfDonePage(
  deps: Deps,
  context: RequestContext,
  attempt: SignInAttempt,
  user: Pick<UserWithPassword, 'username'>,
): Promise<HalfDonePage> {
  return {
    attemptId: attempt.id,
    client: attempt.request && (await activeClient(deps, context.tenant, attempt.request.clientId)),
    username: user.username,
    isForAccount: attempt.accountChange !== undefined,
    uiLocales: attempt.request?.uiLocales,
  };
}
