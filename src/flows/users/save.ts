// Makes a user, or brings one to what is wanted: for commands, the setup page and provisioning files alike.
import { isDeepStrictEqual } from 'node:util';
import type { Deps } from '../../deps.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import type { AuditType } from '../../domain/audit.ts';
import { storedClaims } from '../../domain/claims.ts';
import type { RequestContext } from '../../domain/context.ts';
import { alreadyThere, invalidInput, Refusal } from '../../domain/errors.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User, UserKind } from '../../domain/user.ts';
import type { UserEntry } from '../../schemas/user.ts';
import { type Db, isUniqueViolation } from '../../storage/database.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { refuseSignInsUnderWay, setPasswordHash } from '../../storage/passwords.ts';
import * as storage from '../../storage/users.ts';
import { tellFormerAddress } from '../deliver/notices.ts';
import { eventOf, newId, record } from '../events.ts';
import type { SaveOutcome } from '../save-outcome.ts';
import { difference } from '../difference.ts';
import { assertFreshSignIn } from '../fresh-sign-in.ts';
import { assertGrantable, assertReaches } from '../reach.ts';
import { hashOfChosen } from './chosen-password.ts';
import { namesAround } from './names-around.ts';
import { changeBy, type ToChange } from './passwords.ts';

/** An entry with the hash to store; undefined: there is one already that stays, or none is given. */
export type PreparedUser = {
  readonly entry: UserEntry;
  readonly passwordHash: string | undefined;
  /** One is given or stored. */
  readonly hasPassword: boolean;
  /** The one that is given, or stored. */
  readonly email: string | undefined;
  readonly kind: UserKind;
  /** What is given is another than the stored one, which stays; only where it was looked at. */
  readonly isKept?: boolean;
};

/**
 * Computes the hash, which takes long, before the transaction. `tenant`: without an id when it is not made yet; `clientNames`:
 * of clients that come with the user; `looks`: a password that stays is compared with the one that is given, which takes as long.
 * @throws Refusal invalid_input for a new password that is too easy to guess.
 */
export async function prepareUser(
  deps: Deps,
  tenant: Pick<Tenant, 'slug' | 'name'> & { readonly id?: string },
  entry: UserEntry,
  { clientNames = [], looks = false }: { clientNames?: readonly string[]; looks?: boolean } = {},
): Promise<PreparedUser> {
  const known =
    tenant.id === undefined ? undefined : await storage.findUserByUsername(deps.db, tenant.id, entry.username);
  const passwordHash = await hashFor(deps, tenant, entry, known?.passwordHash, clientNames);
  const hasPassword = (passwordHash ?? known?.passwordHash) !== undefined;
  const isKept = looks && (await isAnother(deps, entry, known?.passwordHash));
  return { entry, passwordHash, hasPassword, email: entry.email ?? known?.email, kind: 'person', isKept };
}

/** Whether an entry gives another password than the stored one, and does not say that it replaces it. */
async function isAnother(deps: Deps, entry: UserEntry, stored: string | undefined): Promise<boolean> {
  if (stored === undefined || entry.password_reset === true) return false;
  if (entry.password_hash !== undefined) return entry.password_hash !== stored;
  return entry.password !== undefined && !(await deps.hasher.verify(entry.password, stored));
}

/**
 * What is given is for the first time only, unless it says `password_reset`: whoever changed their password keeps it. One that
 * is stored already is not looked at again: what was good when it was chosen stays.
 */
async function hashFor(
  deps: Deps,
  tenant: Pick<Tenant, 'slug' | 'name'> & { readonly id?: string },
  entry: UserEntry,
  stored: string | undefined,
  clientNames: readonly string[] = [],
): Promise<string | undefined> {
  if (stored !== undefined && entry.password_reset !== true) return undefined;
  if (entry.password_hash !== undefined) return entry.password_hash === stored ? undefined : entry.password_hash;
  if (entry.password === undefined) return undefined;
  if (stored !== undefined && (await deps.hasher.verify(entry.password, stored))) return undefined;
  return hashOfChosen(deps, entry.password, await namesAround(deps, tenant, { ...entry, claims: entry }, clientNames));
}

/** In one statement, which waits for nobody. `entry` was checked (schemas/user.ts). @throws Refusal exists; invalid_input for the password. */
export async function createUser(
  deps: Deps,
  context: RequestContext,
  entry: UserEntry,
  toChange: ToChange = {},
): Promise<User> {
  const hash = await hashFor(deps, context.tenant, entry, undefined);
  return insertUser(deps, deps.db, context, entry, hash, 'user.created', 'person', changeBy(toChange, context.now));
}

/** The same on a transaction, with a hash that was computed before it, and recorded as `type`. @throws Refusal exists. */
export async function insertUser(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  entry: UserEntry,
  passwordHash: string | undefined,
  type: AuditType,
  kind: UserKind = 'person',
  changePasswordBy?: number,
): Promise<User> {
  const { tenant, now } = context;
  const id = newId(deps, now);
  const fields = fieldsOf(entry);
  assertGrantable(context, fields.adminRoles);
  if (passwordHash !== undefined || fields.adminRoles.length > 0) assertFreshSignIn(context);
  const disabled = entry.disabled ?? false;
  try {
    const password = { credentialId: newId(deps, now), passwordHash, changeBy: changePasswordBy };
    const data = {
      ...(fields.adminRoles.length > 0 && { admin_roles: fields.adminRoles }),
      ...(context.through !== undefined && { through: context.through }),
    };
    await storage.createUser(
      tx,
      tenant.id,
      { id, kind, ...fields, ...password, disabled, type, data },
      eventOf(deps, context),
    );
  } catch (error) {
    throw takenBy(error, entry, kind);
  }
  return { id, kind, ...fields, disabled, updatedAt: now };
}

/** What a failed statement means for whoever wanted these names: Refusal exists, or the error itself. */
export function takenBy(
  error: unknown,
  { username, email }: Pick<UserEntry, 'username' | 'email'>,
  kind: UserKind,
): unknown {
  if (isUniqueViolation(error, 'users_username_idx'))
    return alreadyThere(`${kind === 'service' ? 'user or service account' : 'user'} ${username}`);
  if (isUniqueViolation(error, 'users_email_idx'))
    return alreadyThere(`user with the e-mail address ${email ?? username}`);
  return error;
}

/**
 * Makes the user, or brings one who is there to what the entry says; what it leaves out stays. A new password or
 * disabling ends every session and grant. @throws Refusal exists when another user has the e-mail address; invalid_input
 * when who is there is of another kind.
 */
export async function saveUser(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  { entry, passwordHash, kind }: PreparedUser,
): Promise<{ outcome: SaveOutcome; isOwnerLost: boolean }> {
  const { tenant } = context;
  // What the entry leaves out is written back: as it is, not as it was.
  const known = await storage.lockUserByUsername(tx, tenant.id, entry.username);
  if (known && known.kind !== kind) throw otherKind(known);
  const holder = entry.email === undefined ? undefined : await storage.findUserForSignIn(tx, tenant.id, entry.email);
  if (holder && holder.id !== known?.id) throw emailTaken(holder);
  if (!known) {
    await insertUser(deps, tx, context, entry, passwordHash, 'user.created', kind);
    return { outcome: 'created', isOwnerLost: false };
  }
  const wanted = fieldsOf(entry, fieldsNow(known));
  const disabled = entry.disabled ?? known.disabled;
  return bringTo(deps, tx, context, known, { fields: wanted, disabled, passwordHash });
}

/** What a user is to be. `passwordHash`: undefined leaves the one there is. */
type Wanted = {
  readonly fields: storage.UserFields;
  readonly disabled: boolean;
  readonly passwordHash?: string | undefined;
};

/**
 * `known`: as they are, under a lock. A new password, disabling and other admin roles end every session and grant.
 * @throws Refusal forbidden, invalid_input for an admin role that there is not; a unique violation when a name is taken.
 */
export async function bringTo(
  deps: Deps,
  tx: Db,
  context: RequestContext,
  known: UserWithPassword,
  { fields, disabled, passwordHash }: Wanted,
): Promise<{ outcome: 'updated' | 'unchanged'; isOwnerLost: boolean }> {
  const { tenant, now } = context;
  const { id, username, adminRoles } = known;
  assertReaches(context, adminRoles, `The user ${username}`);
  assertGrantable(context, fields.adminRoles, adminRoles);
  if (passwordHash === undefined && disabled === known.disabled && isDeepStrictEqual(fieldsNow(known), fields))
    return { outcome: 'unchanged', isOwnerLost: false };
  const changesRoles = !isDeepStrictEqual(adminRoles, fields.adminRoles);
  const isProven = fields.email === known.email && fields.emailVerified === known.emailVerified;
  if (passwordHash !== undefined || changesRoles || !isProven) assertFreshSignIn(context);
  await storage.setUserFields(tx, tenant.id, id, fields, now);
  if (passwordHash !== undefined)
    await setPasswordHash(tx, tenant.id, id, { id: newId(deps, now), hash: passwordHash }, now);
  if (disabled !== known.disabled) await storage.setUserDisabled(tx, tenant.id, id, disabled, now);
  const reason = disabled ? 'user_disabled' : passwordHash !== undefined ? 'password_changed' : 'admin_roles_changed';
  // Also with one more: what was got at while they were nobody special is no way to what they may do now.
  const endsAll = passwordHash !== undefined || disabled || changesRoles;
  const ended = endsAll ? await storage.endEverythingOf(tx, tenant.id, id, reason, now) : undefined;
  // Whoever is half signed in, or holds a link that was mailed before, comes no further.
  if (fields.email !== known.email || changesRoles) await refuseSignInsUnderWay(tx, tenant.id, id, now);
  if (fields.email !== known.email) {
    if (known.email !== undefined) await tellFormerAddress(deps, tx, context, known);
  }
  if (disabled !== known.disabled)
    await record(deps, tx, context, {
      type: disabled ? 'user.disabled' : 'user.enabled',
      userId: id,
      data: ended ?? {},
    });
  const changes = changedIn(known, fields);
  if (passwordHash !== undefined || changes.changed.length > 0)
    await record(deps, tx, context, {
      type: 'user.updated',
      userId: id,
      data: { disabled, password_changed: passwordHash !== undefined, ...changes },
    });
  // Their address is all that they could sign in by.
  const losesMail = (passwordHash ?? known.passwordHash) === undefined && known.emailVerified && !fields.emailVerified;
  const wasOwner = !known.disabled && adminRoles.includes(ownerRole);
  return {
    outcome: 'updated',
    isOwnerLost: wasOwner && (disabled || !fields.adminRoles.includes(ownerRole) || losesMail),
  };
}

function fieldsNow(user: User): storage.UserFields {
  const { username, email, emailVerified, claims, roles, adminRoles, groups } = user;
  return { username, email, emailVerified, claims, roles, adminRoles, groups };
}

/** For the audit log: the names of what changed, and of what says nothing of who they are, how it was and is. */
function changedIn(known: User, fields: storage.UserFields) {
  const before = fieldsNow(known);
  const names = (Object.keys(before) as (keyof storage.UserFields)[]).filter(
    (name) => name !== 'claims' && !isDeepStrictEqual(before[name], fields[name]),
  );
  const claims = Object.keys(difference({ ...before.claims }, { ...fields.claims }).before);
  const newClaims = Object.keys(difference({ ...before.claims }, { ...fields.claims }).after);
  return {
    changed: [...names.map((name) => inSnakeCase[name] ?? name), ...new Set([...claims, ...newClaims])],
    ...difference(impersonal(before), impersonal(fields)),
  };
}

function impersonal({ roles, adminRoles, groups, emailVerified }: storage.UserFields) {
  return { roles, admin_roles: adminRoles, groups, email_verified: emailVerified };
}

const inSnakeCase: Partial<Record<keyof storage.UserFields, string>> = {
  emailVerified: 'email_verified',
  adminRoles: 'admin_roles',
};

function emailTaken({ username }: User): Refusal {
  return new Refusal('exists', `Another user has this e-mail address: ${username}.`, {
    mistakes: [{ path: ['email'], problem: `is the e-mail address of the user ${username}` }],
  });
}

function otherKind({ kind }: User): Refusal {
  const problem =
    kind === 'service'
      ? 'is that of a service account, which belongs in service_accounts and has no password'
      : 'is that of a person, who belongs in users and has no keys';
  return invalidInput([{ path: ['username'], problem }]);
}

/** Without the tenant's own, of which an entry that names any names all. */
function standardOf(claims: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const standard: readonly string[] = storedClaims;
  return Object.fromEntries(Object.entries(claims).filter(([name]) => standard.includes(name)));
}

/** What the entry leaves out stays as it was. */
export function fieldsOf(entry: UserEntry, before?: storage.UserFields): storage.UserFields {
  const given = Object.fromEntries(
    storedClaims.flatMap((name) => (entry[name] === undefined ? [] : [[name, entry[name]]])),
  );
  const emailChanged = entry.email !== undefined && entry.email !== before?.email;
  return {
    username: entry.username,
    email: entry.email ?? before?.email,
    emailVerified: entry.email_verified ?? (emailChanged ? false : (before?.emailVerified ?? false)),
    claims: {
      ...(entry.custom_claims ? standardOf(before?.claims) : before?.claims),
      ...entry.custom_claims,
      ...given,
    },
    roles: entry.roles ?? before?.roles ?? [],
    adminRoles: [...new Set(entry.admin_roles ?? before?.adminRoles)],
    groups: entry.groups ?? before?.groups ?? [],
  };
}
