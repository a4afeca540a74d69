// "Back to the application", on every page of a sign-in that an application or the account page began.
import type { Translate } from '../../../texts/messages.ts';
import { html, type Html } from '../../../texts/html.ts';

/** Sends the form without its fields; nothing where nobody waits. */
export function cancelButton(text: string | undefined): Html | undefined {
  if (text === undefined) return undefined;
  return html`<button
    class="button button-quiet"
    id="login-cancel"
    type="submit"
    name="cancel"
    value="1"
    formnovalidate
  >
    ${text}
  </button>`;
}

/** What it says; undefined where nobody waits. */
export function cancelText(
  { clientName, isForAccount }: { clientName?: string | undefined; isForAccount?: boolean | undefined },
  t: Translate,
): string | undefined {
  if (clientName !== undefined) return t('sign_in.cancel', { client: clientName });
  return isForAccount ? t('sign_in.cancel_account') : undefined;
}
