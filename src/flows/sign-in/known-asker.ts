// Who asks for mails from a browser or a device that the account knows.
import type { Deps } from '../../deps.ts';
import type { RequestContext } from '../../domain/context.ts';
import { personAt } from '../deliver/asked.ts';
import type { KnownAsker } from '../deliver/reserve.ts';
import { knownBrowserOf } from './known-browsers.ts';

/** `known`: which accounts it has signed in to, as it says. Undefined for whoever the account does not know. */
export async function knownAsker(
  deps: Deps,
  { tenant }: RequestContext,
  email: string,
  known: string | undefined,
): Promise<KnownAsker | undefined> {
  const person = known === undefined ? undefined : await personAt(deps.db, tenant, email);
  return person && askerBy(deps, tenant.id, known, person.id);
}

/** The same of an account that was found. */
export function askerBy(
  deps: Deps,
  tenantId: string,
  known: string | undefined,
  userId: string,
): KnownAsker | undefined {
  const browser = knownBrowserOf(deps, tenantId, known, userId, 'password');
  return browser === undefined ? undefined : { userId, from: browser };
}
