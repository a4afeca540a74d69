// The users of a provisioning file.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { storedClaims } from '../../domain/claims.ts';
import type { RequestContext } from '../../domain/context.ts';
import type { Db } from '../../storage/database.ts';
import {
  endEverythingOf,
  findUserByUsername,
  findUserForSignIn,
  insertUser,
  setPasswordHash,
  setUserDisabled,
  setUserFields,
  type UserFields,
} from '../../storage/users.ts';
import { newId, record } from '../events.ts';
import { adminRole } from '../../domain/role.ts';
import type { Outcome } from '../provision/applied.ts';
import type { UserEntry } from '../../schemas/user.ts';
import { ProvisioningError } from '../provision/problems.ts';
import { emailTaken } from '../provision/stored.ts';

/** An entry with the hash to store; undefined: the stored one is of this password already, or none is given. */
export type PreparedUser = {
  readonly entry: UserEntry;
  readonly passwordHash: string | undefined;
  /** One is given or stored. */
  readonly hasPassword: boolean;
};

/** Computes the hashes, which takes long, before the transaction. */
export async function prepareUsers(
  deps: Deps,
  tenantId: string | undefined,
  entries: readonly UserEntry[],
): Promise<PreparedUser[]> {
  const prepared: PreparedUser[] = [];
  for (const entry of entries) {
    const known = tenantId === undefined ? undefined : await findUserByUsername(deps.db, tenantId, entry.username);
    const passwordHash = await hashFor(deps, entry, known?.passwordHash);
    prepared.push({ entry, passwordHash, hasPassword: (passwordHash ?? known?.passwordHash) !== undefined });
  }
  return prepared;
}

async function hashFor(deps: Deps, entry: UserEntry, stored: string | undefined): Promise<string | undefined> {
  if (entry.password_hash !== undefined) return entry.password_hash === stored ? undefined : entry.password_hash;
  if (entry.password === undefined) return undefined;
  if (stored !== undefined && (await deps.hasher.verify(entry.password, stored))) return undefined;
  return deps.hasher.hash(entry.password);
}

/**
 * Makes the user, or brings it to what the entry says. A new password or disabling ends every session and grant.
 * @returns true when it disabled an administrator or took that role away.
 */
export async function applyUser(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  { entry, passwordHash }: PreparedUser,
  position: string,
  outcome: Outcome,
): Promise<boolean> {
  const { tenant, now } = context;
  const thing = { type: 'user', name: entry.username } as const;
  const known = await findUserByUsername(tx, tenant.id, entry.username);
  const holder = entry.email === undefined ? undefined : await findUserForSignIn(tx, tenant.id, entry.email);
  if (holder && holder.id !== known?.id) throw new ProvisioningError([`${position} ${emailTaken(holder.username)}`]);
  if (!known) {
    const id = newId(deps, now);
    await insertUser(tx, tenant.id, id, fieldsOf(entry), passwordHash, now);
    if (entry.disabled) await setUserDisabled(tx, tenant.id, id, true, now);
    await record(deps, tx, context, { type: 'user.created', userId: id });
    outcome(thing, 'created');
    return false;
  }
  const before: UserFields = {
    username: known.username,
    email: known.email,
    emailVerified: known.emailVerified,
    claims: known.claims,
    roles: known.roles,
    groups: known.groups,
  };
  const wanted = fieldsOf(entry, before);
  const disabled = entry.disabled ?? known.disabled;
  if (passwordHash === undefined && disabled === known.disabled && isDeepStrictEqual(before, wanted)) {
    outcome(thing, 'unchanged');
    return false;
  }
  await setUserFields(tx, tenant.id, known.id, wanted, now);
  if (passwordHash !== undefined) await setPasswordHash(tx, tenant.id, known.id, passwordHash, now);
  if (disabled !== known.disabled) await setUserDisabled(tx, tenant.id, known.id, disabled, now);
  if (passwordHash !== undefined || disabled)
    await endEverythingOf(tx, tenant.id, known.id, disabled ? 'user_disabled' : 'password_changed', now);
  await record(deps, tx, context, {
    type: 'user.updated',
    userId: known.id,
    data: { disabled, password_changed: passwordHash !== undefined },
  });
  outcome(thing, 'updated');
  return !known.disabled && known.roles.includes(adminRole) && (disabled || !wanted.roles.includes(adminRole));
}

/** What the entry leaves out stays as it was. */
function fieldsOf(entry: UserEntry, before?: UserFields): UserFields {
  const given = Object.fromEntries(
    storedClaims.flatMap((name) => (entry[name] === undefined ? [] : [[name, entry[name]]])),
  );
  const emailChanged = entry.email !== undefined && entry.email !== before?.email;
  return {
    username: entry.username,
    email: entry.email ?? before?.email,
    emailVerified: entry.email_verified ?? (emailChanged ? false : (before?.emailVerified ?? false)),
    claims: { ...before?.claims, ...given },
    roles: entry.roles ?? before?.roles ?? [],
    groups: entry.groups ?? before?.groups ?? [],
  };
}
