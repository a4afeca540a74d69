// What administrators change of people and service accounts: found by id, changed as they were read, deleted and forgotten.
import type { Deps } from '../../deps.ts';
import { ownerRole } from '../../domain/admin-rights.ts';
import type { RequestContext } from '../../domain/context.ts';
import { Refusal } from '../../domain/errors.ts';
import type { User, UserKind } from '../../domain/user.ts';
import { isUuid } from '../../domain/uuid.ts';
import { checkedServicePatch, shownService } from '../../schemas/service-account.ts';
import { checkedUserPatch, entryOf, shownUser, type UserEntry } from '../../schemas/user.ts';
import type { Db } from '../../storage/database.ts';
import { lockTenant } from '../../storage/tenants.ts';
import { removeGrantsOfUser, removeUser } from '../../storage/user-removal.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { endEverythingOf, findUser, findUserWithPassword, lockUser, setUserDisabled } from '../../storage/users.ts';
import { assertMatches } from '../precondition.ts';
import { record } from '../events.ts';
import { keepingAnOwner } from './disable.ts';
import { noSuchUser } from './find.ts';
import { assertReaches } from '../reach.ts';
import { bringTo, fieldsOf, takenBy } from './save.ts';

/** What differs between the two kinds of users: what is shown of one, and what a patch of it is. */
export type UserForm = {
  readonly kind: UserKind;
  readonly shown: (user: User) => object;
  /** The user with the patch, as an entry. @throws Refusal invalid_input. */
  readonly patched: (user: User, patch: unknown) => UserEntry;
};

export const personForm: UserForm = {
  kind: 'person',
  shown: shownUser,
  patched: (user, patch) => checkedUserPatch(entryOf(user), patch),
};

export const serviceForm: UserForm = { kind: 'service', shown: shownService, patched: checkedServicePatch };

/** A user of this kind by their id. @throws Refusal not_found. */
export async function userById(deps: Deps, { tenant }: RequestContext, id: string, kind: UserKind): Promise<User> {
  const user = isUuid(id) ? await findUser(deps.db, tenant.id, id) : undefined;
  if (user?.kind !== kind) throw noSuchUser(id);
  return user;
}

/** @throws Refusal not_found, also for a service account. */
export function personById(deps: Deps, context: RequestContext, id: string): Promise<User> {
  return userById(deps, context, id, 'person');
}

/**
 * RFC 7396 of what is shown. Disabling and an admin role less end every session and grant.
 * @throws Refusal not_found, precondition_required, precondition_failed, invalid_input, forbidden, exists, last_administrator.
 */
export async function changeUser(
  deps: Deps,
  context: RequestContext,
  id: string,
  { patch, ifMatch }: { readonly patch: unknown; readonly ifMatch: string | undefined },
  form: UserForm,
): Promise<User> {
  return withLocked(deps, context, id, form, async (tx, known) => {
    assertMatches(ifMatch, form.shown(known));
    const wanted = form.patched(known, patch);
    const disabled = wanted.disabled ?? false;
    const { outcome } = await keepingAnOwner(deps, tx, context, known, () =>
      bringTo(deps, tx, context, known, { fields: fieldsOf(wanted), disabled }),
    ).catch((error: unknown) => {
      throw takenBy(error, wanted, form.kind);
    });
    return outcome === 'unchanged' ? known : (await findUser(tx, context.tenant.id, id))!;
  });
}

/** Grants that go in one transaction, each with all its tokens. */
const batch = 50;

/**
 * Disabled first, in a transaction of its own: from then on nothing of theirs works, however long the rest takes. What is left
 * is the audit log: their id and network addresses, and no name.
 * @throws Refusal as {@link changeUser}.
 */
export async function deleteUser(
  deps: Deps,
  context: RequestContext,
  id: string,
  { ifMatch }: { readonly ifMatch: string | undefined },
  form: UserForm,
): Promise<void> {
  const { tenant, now } = context;
  await withLocked(deps, context, id, form, async (tx, known) => {
    assertMatches(ifMatch, form.shown(known));
    assertReaches(context, known.adminRoles, `The user ${known.username}`);
    if (known.disabled) return;
    await keepingAnOwner(deps, tx, context, known, () => setUserDisabled(tx, tenant.id, id, true, now));
    const ended = await endEverythingOf(tx, tenant.id, id, 'user_disabled', now);
    await record(deps, tx, context, { type: 'user.disabled', userId: id, data: ended });
  });
  while ((await removeGrantsOfUser(deps.db, tenant.id, id, batch)) === batch);
  await withLocked(deps, context, id, form, async (tx, known) => {
    assertReaches(context, known.adminRoles, `The user ${known.username}`);
    if (!known.disabled) throw new Refusal('conflict', 'They were enabled again meanwhile: nothing more was deleted.');
    await keepingAnOwner(deps, tx, context, known, () => removeUser(tx, tenant.id, id));
    await record(deps, tx, context, { type: 'user.deleted', userId: id });
  });
}

/**
 * `work` with the user under a lock; under the tenant's as well where an owner is among those who change, so that of two who
 * take the last two owners away the second sees what the first did.
 */
async function withLocked<T>(
  deps: Deps,
  context: RequestContext,
  id: string,
  { kind }: UserForm,
  work: (tx: Db, known: UserWithPassword) => Promise<T>,
): Promise<T> {
  const { tenant } = context;
  let isOwner = (await userById(deps, context, id, kind)).adminRoles.includes(ownerRole);
  for (;;) {
    const done = await deps.db.transaction(async (tx) => {
      if (isOwner) await lockTenant(tx, tenant.id);
      const locked = await lockUser(tx, tenant.id, id);
      const known = locked && (await findUserWithPassword(tx, tenant.id, id));
      if (!known) throw noSuchUser(id);
      // Made an owner since: once more, with both locks in their order.
      if (known.adminRoles.includes(ownerRole) && !isOwner) return undefined;
      return { result: await work(tx, known) };
    });
    if (done) return done.result;
    isOwner = true;
  }
}
