// Mails that anybody can ask for by typing an address: the same answer, work and nearly the time, whoever has it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../../deps.ts';
import type { Tenant } from '../../domain/tenant.ts';
import { identifierKey } from '../../domain/user.ts';
import type { Db } from '../../storage/database.ts';
import type { UserWithPassword } from '../../storage/user-rows.ts';
import { findUserForSignIn } from '../../storage/users.ts';

/** Milliseconds: no answer comes sooner, so that its time does not tell whether something was written. */
const answeredAfter = 200;

/** Whether a forgotten password can be replaced by its person. */
export function canRecover(deps: Pick<Deps, 'channels'>): boolean {
  return deps.channels.includes('mail');
}

export type Addressee = Pick<UserWithPassword, 'id' | 'username' | 'email' | 'claims' | 'passwordVersion'>;

/** The person who has this address, by the address alone; a program has none. Undefined for somebody who is disabled. */
export async function personAt(tx: Db, tenant: Tenant, email: string): Promise<UserWithPassword | undefined> {
  const user = await findUserForSignIn(tx, tenant.id, email);
  const isTheirs = user?.email !== undefined && identifierKey(user.email) === identifierKey(email);
  return isTheirs && user.kind === 'person' && !user.disabled ? user : undefined;
}

/** Stands for whoever has an address that nobody has: the mail is made for them as well, because it takes time. */
export function nobodyAt(email: string): Addressee {
  return { id: '', username: email, email, claims: {}, passwordVersion: 0 };
}

/** `begun`: of `performance.now()`. What a commit takes then tells nobody anything. */
export async function answerNoSooner(begun: number): Promise<void> {
  await sleep(Math.max(0, answeredAfter - (performance.now() - begun)));
}
