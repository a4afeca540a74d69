// Keys of service accounts: made, listed, revoked.
import { opaqueBytes, opaqueToken } from '../../crypto/opaque-tokens.ts';
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { alreadyThere, invalidInput, Refusal } from '../../domain/errors.ts';
import { isKeyAlive, keyNameProblem, mostLivingKeys, type ServiceKey } from '../../domain/service-key.ts';
import type { User } from '../../domain/user.ts';
import { type Db, isUniqueViolation } from '../../storage/database.ts';
import { refuseSignInsUnderWay } from '../../storage/passwords.ts';
import * as storage from '../../storage/service-keys.ts';
import { endEverythingOf, type Ended, lockUser } from '../../storage/users.ts';
import { newId, record } from '../events.ts';
import { findService, noSuchService } from './find.ts';

/** What is wanted of a key. `expiresAt` in milliseconds; undefined: it does not expire. */
export type WantedKey = { readonly name: string; readonly expiresAt: number | undefined };

/** `key` cannot be had again anywhere. */
export type AddedKey = WantedKey & { readonly user: User; readonly key: string };

/** A key that is made here. @throws Refusal not_found; exists for the name; invalid_input, also when the account has as many as it may. */
export async function addServiceKey(
  deps: Deps,
  context: RequestContext,
  username: string,
  wanted: WantedKey,
): Promise<AddedKey> {
  const { id } = await findService(deps, context, username);
  const { token: key, hash } = newServiceKey(deps);
  const user = await deps.db.transaction(async (tx) => {
    const locked = await lockUser(tx, context.tenant.id, id);
    if (!locked) throw noSuchService(username);
    await insertKey(deps, tx, context, locked, { ...wanted, hash });
    return locked;
  });
  return { user, key, ...wanted };
}

export function newServiceKey(deps: Deps) {
  return opaqueToken('serviceKey', deps.random(opaqueBytes));
}

/** On the transaction that holds the lock of `user`, so that nobody counts beside it. @throws Refusal as {@link addServiceKey}. */
export async function insertKey(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  user: User,
  wanted: storage.NewServiceKey,
): Promise<void> {
  const { tenant, now } = context;
  const { name } = wanted;
  const problem = keyNameProblem(name);
  if (problem !== undefined) throw invalidInput([{ path: ['name'], problem }]);
  const known = await storage.listServiceKeys(tx, tenant.id, user.id);
  if (known.some((key) => key.name === name)) throw alreadyThere(`key ${name} of ${user.username}`);
  assertRoom(known, user, now);
  const row = { ...wanted, userId: user.id, id: newId(deps, now) };
  await storage.insertServiceKey(tx, tenant.id, row, now).catch(takenKey);
  await record(deps, tx, context, { type: 'service_key.added', userId: user.id, data: { name } });
}

/** @throws Refusal invalid_input when the account has as many as it may. */
export function assertRoom(known: readonly ServiceKey[], { username }: User, now: number): void {
  if (known.filter((key) => isKeyAlive(key, now)).length < mostLivingKeys) return;
  throw new Refusal('invalid_input', `${username} has ${mostLivingKeys} keys, and no more are allowed: revoke one.`);
}

/** Turns the violation into words; the transaction is lost all the same. */
export function takenKey(error: unknown): never {
  if (!isUniqueViolation(error, 'credentials_key_idx')) throw error;
  throw new Refusal('exists', 'Another name has this key already: every program needs a key of its own.');
}

/** With expired ones, by name. @throws Refusal not_found. */
export async function listServiceKeys(
  deps: Deps,
  context: RequestContext,
  username: string,
): Promise<readonly ServiceKey[]> {
  const { id } = await findService(deps, context, username);
  return storage.listServiceKeys(deps.db, context.tenant.id, id);
}

/**
 * The key is dead from here on, and with it every session and grant of the account: which of them came of this key is
 * not known. @throws Refusal not_found.
 */
export async function revokeServiceKey(
  deps: Deps,
  context: RequestContext,
  username: string,
  name: string,
): Promise<{ user: User; ended: Ended }> {
  const { tenant } = context;
  const { id } = await findService(deps, context, username);
  return deps.db.transaction(async (tx) => {
    const user = await lockUser(tx, tenant.id, id);
    if (!user) throw noSuchService(username);
    if (!(await storage.removeServiceKey(tx, tenant.id, id, name)))
      throw new Refusal('not_found', `${user.username} has no key ${name}.`);
    return { user, ended: await endWithKey(deps, tx, context, id, name) };
  });
}

/** What follows when the key of this name opens nothing any more. */
export async function endWithKey(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  userId: string,
  name: string,
): Promise<Ended> {
  const { tenant, now } = context;
  await refuseSignInsUnderWay(tx, tenant.id, userId, now);
  const ended = await endEverythingOf(tx, tenant.id, userId, 'key_revoked', now);
  await record(deps, tx, context, { type: 'service_key.revoked', userId, data: { name, ...ended } });
  return ended;
}
