// Checks a key that came as a password: it is looked up, not guessed, so that no budget of attempts stands before it.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import { useServiceKey } from '../../storage/service-keys.ts';

/** The account of a key that is right, and the number that beginSession and its like compare. */
export type CheckedKey = { readonly user: User; readonly passwordVersion: number };

/** One round trip, or none for what cannot be a key. @returns undefined for whatever is not a living key of this account. */
export async function checkKey(
  deps: Deps,
  { tenant, now }: RequestContext,
  { username, password }: { username: string; password: string },
): Promise<CheckedKey | undefined> {
  const hash = hashOfOpaque('serviceKey', password);
  return hash && useServiceKey(deps.db, tenant.id, { hash, username }, now);
}
