// The page where a person changes the password that somebody else gave them, before they are signed in.
import { type Locale, type Translate, translator } from '../../../texts/messages.ts';
import { cancelButton, cancelText } from './cancel-button.ts';
import { emblem } from './emblem.ts';
import { alert, hiddenFields } from './form-parts.ts';
import { type HalfDone, personAside } from './half-done.ts';
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';
import { type NewPasswordErrors, newPasswordFields, usernameAside } from './new-password-fields.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

/** Errors of fields are texts in the language of the page. */
export type NewPassword = HalfDone & {
  action: string;
  errors: NewPasswordErrors & {
    form?: { code: 'too_many_attempts' | 'busy'; retryAfter?: number | undefined };
  };
};

/** Renders the form. */
export function newPasswordPage(page: Page, model: NewPassword): Html {
  const t = translator(page.locale);
  const { errors } = model;
  return layout(page, {
    title: t('password.title'),
    failed: Object.keys(errors).length > 0,
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('password.title')}</h1>
      <p class="lead">${t('new_password.lead')}</p>
      ${errors.form && alert('password-error', errorText(errors.form, page.locale, t))}
      <form method="post" action="${model.action}">
        ${hiddenFields({ attempt: model.attempt })} ${usernameAside(model.username)}
        ${newPasswordFields(t, errors, { autofocus: true })}
        <div class="actions">
          <button class="button button-primary" id="password-submit" type="submit">${t('password.submit')}</button>
          ${cancelButton(cancelText(model, t))}
        </div>
      </form>
      ${personAside(model, 'password-switch', t)}
    </div>`,
  });
}

function errorText(
  { code, retryAfter }: NonNullable<NewPassword['errors']['form']>,
  locale: Locale,
  t: Translate,
): string {
  return code === 'too_many_attempts' ? tooManyAttempts(retryAfter, locale) : t('sign_in.error.busy');
}
