// "Stay signed in", beside whatever a sign-in begins with.
import { html, type Html } from '../../../texts/html.ts';
import type { Translate } from '../../../texts/messages.ts';

export function stayChoice({ isChecked }: { isChecked: boolean }, t: Translate): Html {
  return html`<label class="choice" for="login-stay"
    ><input
      id="login-stay"
      type="checkbox"
      name="stay"
      value="1"
      ${isChecked && html`checked`}
    />${t('sign_in.stay')}</label
  >`;
}
