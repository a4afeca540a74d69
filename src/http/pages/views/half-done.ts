// The parts of the pages between the password and the session: whose sign-in it is, and another's instead.
import type { Translate } from '../../../texts/messages.ts';
import { html, type Html } from '../../../texts/html.ts';

/** What each of them shows. */
export type HalfDone = {
  attempt: string;
  username: string;
  /** Where somebody else signs in. */
  switchUri: string;
  clientName?: string | undefined;
  clientLogoUri?: string | undefined;
  /** Its person came from their account page, and may go back there. */
  isForAccount?: boolean | undefined;
};

/** Whose sign-in it is, and the link for somebody else, which has the id `switchId`. */
export function personAside({ username, switchUri }: HalfDone, switchId: string, t: Translate): Html {
  return html`<div class="person">
    <p><bdi>${username}</bdi></p>
    <a id="${switchId}" href="${switchUri}">${t('second_factor.switch')}</a>
  </div>`;
}
