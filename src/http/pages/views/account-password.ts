// The page where a person changes their password.
import { type Locale, type Translate, translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { alert, field, hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';
import { type NewPasswordErrors, newPasswordFields, usernameAside } from './new-password-fields.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

/** Errors of fields are texts in the language of the page. */
export type AccountPassword = {
  frame: AccountFrame;
  action: string;
  /** For password managers, which must know whose it is. */
  username: string;
  errors: NewPasswordErrors & {
    form?: { code: 'wrong_credentials' | 'too_many_attempts' | 'busy'; retryAfter?: number | undefined };
  };
};

/** Renders the form. */
export function accountPasswordPage(page: Page, model: AccountPassword): Html {
  const t = translator(page.locale);
  const { errors } = model;
  const failed = Object.keys(errors).length > 0;
  const isNew = errors.new_password !== undefined || errors.new_password_repeat !== undefined;
  return accountFrame(page, model.frame, {
    title: t('password.title'),
    failed,
    body: html`<section class="card">
      <h1>${t('password.title')}</h1>
      <p class="lead">${t('password.lead')}</p>
      ${errors.form && alert('password-error', errorText(errors.form, page.locale, t))}
      <form method="post" action="${model.action}">
        ${hiddenFields({ csrf: model.frame.csrf })} ${usernameAside(model.username)}
        ${field({
          id: 'current-password',
          name: 'password',
          label: t('password.current'),
          type: 'password',
          reveal: t('field.show_password'),
          autocomplete: 'current-password',
          describedBy: errors.form && 'password-error',
          invalid: errors.form?.code === 'wrong_credentials',
          autofocus: !isNew,
        })}
        ${newPasswordFields(t, errors, { autofocus: isNew })}
        <div class="actions">
          <button class="button button-primary" id="password-submit" type="submit">${t('password.submit')}</button>
        </div>
      </form>
    </section>`,
  });
}

/** Renders what is shown to somebody who has none. `link`: where one to the first password is asked for. */
export function noPasswordPage(
  page: Page,
  { frame, link }: { frame: AccountFrame; link?: { action: string; email: string } | undefined },
): Html {
  const t = translator(page.locale);
  return accountFrame(page, frame, {
    body: html`<section class="card">
      <h1>${t('account.section.password')}</h1>
      <p class="lead">${t(link ? 'password.none' : 'password.none_later')}</p>
      ${
        link &&
        html`<form method="post" action="${link.action}" data-once>
          ${hiddenFields({ email: link.email })}
          <div class="actions">
            <button class="button button-primary" id="password-link" type="submit">${t('forgot.submit')}</button>
          </div>
        </form>`
      }
    </section>`,
  });
}

function errorText(
  { code, retryAfter }: NonNullable<AccountPassword['errors']['form']>,
  locale: Locale,
  t: Translate,
): string {
  switch (code) {
    case 'too_many_attempts':
      return tooManyAttempts(retryAfter, locale);
    case 'wrong_credentials':
      return t('password.error.wrong');
    case 'busy':
      return t('sign_in.error.busy');
  }
}
