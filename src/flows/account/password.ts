// The password page of the account: the one there is beside a new one.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { findUserWithPassword } from '../../storage/users.ts';
import { changeOwnPassword } from '../users/change-own-password.ts';
import { freshPerson, freshSender, type Person, type ProofFirst } from './fresh.ts';

const change = { kind: 'change password' } as const;

/** Whoever may change their password now, and whether they have one. */
export async function mayChangePassword(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
): Promise<(Person & { readonly hasPassword: boolean }) | ProofFirst | 'nobody'> {
  const person = await freshPerson(deps, context, { cookies, change });
  if (person === 'nobody' || person.kind === 'prove first') return person;
  const user = await findUserWithPassword(deps.db, context.tenant.id, person.user.id);
  return { ...person, hasPassword: user?.passwordHash !== undefined };
}

/** Every other session ends. @throws Refusal as {@link changeOwnPassword}. */
export async function changePasswordInBrowser(
  deps: Deps,
  context: RequestContext,
  input: { cookies: BrowserCookies; formToken: string | undefined; current: string; wanted: string },
): Promise<'done' | ProofFirst | 'nobody' | 'foreign form'> {
  const person = await freshSender(deps, context, { ...input, change });
  if (typeof person === 'string' || person.kind === 'prove first') return person;
  const { user, session } = person;
  await changeOwnPassword(deps, context, { user, sessionId: session.id }, input);
  return 'done';
}
