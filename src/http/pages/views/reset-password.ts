// The page that the mailed link leads to: another password is chosen there.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { alert, hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { type NewPasswordErrors, newPasswordFields, usernameAside } from './new-password-fields.ts';

/** Errors of fields are texts in the language of the page. */
export type ResetPassword = {
  action: string;
  token: string;
  username: string;
  errors: NewPasswordErrors & { form?: 'busy' };
};

/** Renders the form. */
export function resetPasswordPage(page: Page, model: ResetPassword): Html {
  const t = translator(page.locale);
  const { errors } = model;
  return layout(page, {
    title: t('mail.reset.subject'),
    failed: Object.keys(errors).length > 0,
    body: html`<div class="card">
      <h1>${t('mail.reset.subject')}</h1>
      <p class="lead">${t('reset.lead', { username: model.username })}</p>
      ${errors.form && alert('password-error', t('sign_in.error.busy'))}
      <form method="post" action="${model.action}">
        ${hiddenFields({ token: model.token })} ${usernameAside(model.username)}
        ${newPasswordFields(t, errors, { autofocus: true })}
        <div class="actions">
          <button class="button button-primary" id="password-submit" type="submit">${t('password.submit')}</button>
        </div>
      </form>
    </div>`,
  });
}
