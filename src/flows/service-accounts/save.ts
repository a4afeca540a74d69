// Brings a service account and its keys to what a provisioning file says.
import { hashOfOpaque } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import { defaultKeyLifetime, isKeyAlive } from '../../domain/service-key.ts';
import type { User } from '../../domain/user.ts';
import { expiryOf, type ServiceAccountEntry, type ServiceKeyEntry } from '../../schemas/service-account.ts';
import type { Db } from '../../storage/database.ts';
import { listServiceKeys, type StoredKey, updateServiceKey } from '../../storage/service-keys.ts';
import { findUserByUsername, lockUser } from '../../storage/users.ts';
import { record } from '../events.ts';
import type { SaveOutcome } from '../save-outcome.ts';
import { saveUser } from '../users/save.ts';
import { assertRoom, endWithKey, insertKey, takenKey } from './keys.ts';

/**
 * Makes the account, or brings it to what the entry says; what it leaves out stays, keys counted. Another key under a name
 * that is there revokes that one. @throws Refusal when the name is that of a person, a key belongs to another name, or
 * there are too many; `mistakes` say where in the entry.
 */
export async function saveService(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: ServiceAccountEntry,
): Promise<SaveOutcome> {
  const { tenant } = context;
  const prepared = { entry, passwordHash: undefined, hasPassword: false, email: undefined, kind: 'service' } as const;
  const { outcome } = await saveUser(deps, tx, context, prepared);
  if (!entry.keys?.length) return outcome;
  const { id } = (await findUserByUsername(tx, tenant.id, entry.username))!;
  const user = (await lockUser(tx, tenant.id, id))!;
  const known = new Map((await listServiceKeys(tx, tenant.id, id)).map((key) => [key.name, key]));
  let isChanged = false;
  for (const [i, key] of entry.keys.entries()) {
    const saving = saveKey(deps, tx, context, user, key, known.get(key.name));
    isChanged = (await saving.catch(refusedAt(i))) || isChanged;
  }
  return outcome === 'unchanged' && isChanged ? 'updated' : outcome;
}

/** @returns true when something changed. */
async function saveKey(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  user: User,
  entry: ServiceKeyEntry,
  known: StoredKey | undefined,
): Promise<boolean> {
  const { tenant, now } = context;
  const { name } = entry;
  const hash = entry.key === undefined ? Buffer.from(entry.key_hash!, 'hex') : hashOfOpaque('serviceKey', entry.key)!;
  const given = entry.expires_at === undefined ? undefined : expiryOf(entry.expires_at);
  const isSame = known?.hash.equals(hash) ?? false;
  // A key that stays keeps its end, so that a file without one changes nothing the second time.
  const unsaid = known && isSame ? known.expiresAt : now + defaultKeyLifetime;
  const expiresAt = given === undefined ? unsaid : given === 'never' ? undefined : given;
  if (!known) {
    await insertKey(deps, tx, context, user, { name, hash, expiresAt });
    return true;
  }
  if (isSame && expiresAt === known.expiresAt) return false;
  if (!isKeyAlive(known, now) && isKeyAlive({ expiresAt }, now))
    assertRoom(await listServiceKeys(tx, tenant.id, user.id), user, now);
  await updateServiceKey(tx, tenant.id, { userId: user.id, name, hash, expiresAt }, now).catch(takenKey);
  if (!isSame) {
    await endWithKey(deps, tx, context, user.id, name);
    await record(deps, tx, context, { type: 'service_key.added', userId: user.id, data: { name } });
  } else await record(deps, tx, context, { type: 'service_key.updated', userId: user.id, data: { name } });
  return true;
}

function refusedAt(key: number): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.code, error.message, {
      mistakes: [{ path: ['keys', key], problem: `is refused: ${error.message}` }],
    });
  };
}
