// What every form for a new password has: whose it is, the password, and the same once more.
import type { Translate } from '../../../texts/messages.ts';
import { field } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';

/** Texts in the language of the page. */
export type NewPasswordErrors = { new_password?: string; new_password_repeat?: string };

/** For password managers, which must know whose it is. */
export function usernameAside(username: string): Html {
  return html`<input
    class="aside"
    type="text"
    name="username"
    value="${username}"
    autocomplete="username"
    readonly
    tabindex="-1"
    aria-hidden="true"
  />`;
}

export function newPasswordFields(
  t: Translate,
  errors: NewPasswordErrors,
  { autofocus }: { autofocus: boolean },
): Html {
  return html`${field({
    id: 'new-password',
    name: 'new_password',
    label: t('password.new'),
    type: 'password',
    reveal: t('field.show_password'),
    autocomplete: 'new-password',
    hint: t('setup.password_hint'),
    error: errors.new_password,
    autofocus,
  })}
  ${field({
    id: 'new-password-repeat',
    name: 'new_password_repeat',
    label: t('setup.password_repeat'),
    type: 'password',
    reveal: t('field.show_password'),
    autocomplete: 'new-password',
    error: errors.new_password_repeat,
  })}`;
}
