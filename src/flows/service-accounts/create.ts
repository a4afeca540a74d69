// Makes a service account, with its first key if one is wanted: both or none.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { User } from '../../domain/user.ts';
import { checkedServiceAccount } from '../../schemas/service-account.ts';
import { insertUser } from '../users/save.ts';
import { insertKey, newServiceKey, type WantedKey } from './keys.ts';

/** `key` is undefined when none is wanted; nowhere else can it be had again. @throws Refusal exists, or invalid_input with every mistake. */
export async function createService(
  deps: Deps,
  context: RequestContext,
  given: object,
  first: WantedKey | undefined,
): Promise<{ user: User; key: string | undefined }> {
  const entry = checkedServiceAccount(given);
  const { token: key, hash } = newServiceKey(deps);
  return deps.db.transaction(async (tx) => {
    const user = await insertUser(deps, tx, context, entry, undefined, 'user.created', 'service');
    if (first) await insertKey(deps, tx, context, user, { ...first, hash });
    return { user, key: first && key };
  });
}
