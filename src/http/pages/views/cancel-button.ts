// "Back to the application", on every page of a sign-in that an application began.
import type { Translate } from '../../../texts/messages.ts';
import { html, type Html } from './html.ts';

/** Sends the form without its fields; nothing where no application waits. */
export function cancelButton(client: string | undefined, t: Translate): Html | undefined {
  if (client === undefined) return undefined;
  return html`<button
    class="button button-quiet"
    id="login-cancel"
    type="submit"
    name="cancel"
    value="1"
    formnovalidate
  >
    ${t('sign_in.cancel', { client })}
  </button>`;
}
