// A way out on every page that somebody sees because they are signed in (OWASP ASVS 7.4.4).
import type { Translate } from '../../../texts/messages.ts';
import { hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';

export type SignOutButton = { signOutAction: string; csrf: string };

/** Signs out without another question. */
export function signOutButton({ signOutAction, csrf }: SignOutButton, t: Translate): Html {
  return html`<form method="post" action="${signOutAction}">
    ${hiddenFields({ csrf })}
    <button class="button button-link" id="sign-out" type="submit" name="decision" value="confirm">
      ${t('account.sign_out')}
    </button>
  </form>`;
}
