// Passwords that administrators set for others: checked, made up, and put in the place of the old one.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { passwordToChangeFor, type User } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import { endEverythingOf, type Ended } from '../../storage/users.ts';
import { setPasswordHash } from '../../storage/passwords.ts';
import { newId, record } from '../events.ts';
import { hashOfChosen } from './chosen-password.ts';
import { namesAround } from './names-around.ts';
import { findNamedPerson, lockReachableUser } from './find.ts';

export type { Ended };

/** Of a password that somebody else knows: its person must change it, and soon. */
export type ToChange = { readonly mustChange?: boolean };

/** When such a password ends. */
export function changeBy({ mustChange = false }: ToChange, now: number): number | undefined {
  return mustChange ? now + passwordToChangeFor : undefined;
}

// 32 letters and digits that are not taken for one another.
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** 150 random bits, in six groups that can be read aloud (OWASP ASVS 11.5.1: 128 or more). */
export function generatePassword(deps: Deps): string {
  const letters = Array.from(deps.random(30), (byte) => alphabet[byte % 32]!).join('');
  return letters.match(/.{5}/g)!.join('-');
}

/** The old password is dead from here on, and with it every session and grant. @throws Refusal not_found, invalid_input. */
export function setPassword(
  deps: Deps,
  context: RequestContext,
  named: string,
  password: string,
  toChange: ToChange = {},
): Promise<{ user: User; ended: Ended }> {
  return replacePassword(deps, context, { named, password, ...toChange }, async (tx, user, ended) => {
    await record(deps, tx, context, { type: 'user.password_set', userId: user.id, data: ended });
    return { user, ended };
  });
}

/**
 * The same with `also` in its transaction, which gets the user as they were, and records the event.
 * @throws Refusal not_found, invalid_input.
 */
export async function replacePassword<T>(
  deps: Deps,
  context: RequestContext,
  { named, password, ...toChange }: { readonly named: string; readonly password: string } & ToChange,
  also: (tx: Db, user: User, ended: Ended) => Promise<T>,
): Promise<T> {
  const { tenant, now } = context;
  const found = await findNamedPerson(deps, context, named);
  const { id } = found;
  const hash = await hashOfChosen(deps, password, await namesAround(deps, tenant, found));
  return deps.db.transaction(async (tx) => {
    const user = await lockReachableUser(tx, context, id, named);
    await setPasswordHash(tx, tenant.id, id, { id: newId(deps, now), hash, changeBy: changeBy(toChange, now) }, now);
    return also(tx, user, await endEverythingOf(tx, tenant.id, id, 'password_changed', now));
  });
}
