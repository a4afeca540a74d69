// The first code of a factor that is added on the account pages, of whichever kind.
import type { Deps } from '../../deps.ts';
import type { AccountChange } from '../../domain/account-change.ts';
import type { BrowserCookies, RequestContext } from '../../domain/context.ts';
import type { SessionCookie } from '../../domain/session.ts';
import type { AddedFactor } from '../second-factors/add.ts';
import type { Owner } from '../second-factors/owner.ts';
import { byBrowser } from './browser.ts';
import { freshSender, type Person, type ProofFirst } from './fresh.ts';

/** What the form sends. */
export type FirstCode = {
  readonly cookies: BrowserCookies;
  readonly formToken: string | undefined;
  readonly id: string | undefined;
  readonly code: string;
  readonly endOthers: boolean;
};

export type FirstCodeOutcome =
  | {
      readonly kind: 'added';
      readonly added: AddedFactor;
      readonly person: Person;
      /** The session has proven the factor, and has another cookie. */
      readonly sessionCookie: SessionCookie;
    }
  | ProofFirst
  | 'nobody'
  | 'foreign form';

/** Adds it, for whoever may make the change now. @throws Refusal as `confirm`. */
export async function confirmForBrowser(
  deps: Deps,
  context: RequestContext,
  input: FirstCode & { readonly change: AccountChange },
  confirm: (owner: Owner, given: Pick<FirstCode, 'id' | 'code' | 'endOthers'>) => Promise<AddedFactor>,
): Promise<FirstCodeOutcome> {
  const person = await freshSender(deps, context, input);
  if (typeof person === 'string' || person.kind === 'prove first') return person;
  const { owner, cookie } = byBrowser(deps, context, person);
  const { id, code, endOthers } = input;
  const added = await confirm(owner, { id, code, endOthers });
  return { kind: 'added', added, person, sessionCookie: cookie };
}
