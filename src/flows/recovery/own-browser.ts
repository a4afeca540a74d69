// Links that make an address an account's are followed in a browser where that account is signed in: whoever has the mailbox alone does not give it to somebody else's account.
import type { Deps } from '../../deps.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import { personOf } from '../account/fresh.ts';
import { livingSession } from '../sign-in/session.ts';

/** Whether this person is signed in in the browser with these cookies. */
export async function isSignedInAs(
  deps: Deps,
  context: RequestContext,
  { cookies, userId }: { readonly cookies: BrowserCookies; readonly userId: string },
): Promise<boolean> {
  return (await livingSession(deps, context, cookies.session))?.userId === userId;
}

/** Who is signed in there, and what signs them out. */
export async function otherPerson(
  deps: Deps,
  context: RequestContext,
  cookies: BrowserCookies,
): Promise<{ readonly username: string; readonly formToken: string } | undefined> {
  const person = await personOf(deps, context, cookies.session);
  return person && { username: person.user.username, formToken: person.formToken };
}
