// The page where a person asks for another e-mail address.
import { translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { fact } from './fact.ts';
import { alert, emailField, hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

export type AccountEmail = {
  frame: AccountFrame;
  action: string;
  backUri: string;
  /** The one so far. */
  current?: string | undefined;
  /** It is the username as well. */
  usernameToo: boolean;
  email: string;
  error?: { code: 'invalid' | 'same' | 'too_many_attempts'; retryAfter?: number | undefined } | undefined;
};

const errorTexts = { invalid: 'forgot.error.email', same: 'change_email.error.same' } as const;

/** Renders the form. */
export function accountEmailPage(page: Page, model: AccountEmail): Html {
  const t = translator(page.locale);
  const { error, current } = model;
  const title = t(current === undefined ? 'account.email_add' : 'account.email_change');
  return accountFrame(page, model.frame, {
    title,
    failed: error !== undefined,
    body: html`<section class="card">
      <h1>${title}</h1>
      <p class="lead">${t('change_email.lead')}</p>
      ${model.usernameToo && html`<p class="muted" id="username-too">${t('change_email.username_too')}</p>`}
      ${current && html`<dl class="facts">${fact(t('account.email'), html`<bdi>${current}</bdi>`)}</dl>`}
      ${error?.code === 'too_many_attempts' && alert('email-error-above', tooManyAttempts(error.retryAfter, page.locale))}
      <form method="post" action="${model.action}">
        ${hiddenFields({ csrf: model.frame.csrf })}
        ${emailField({
          label: t('change_email.new'),
          value: model.email,
          error: error && error.code !== 'too_many_attempts' ? t(errorTexts[error.code]) : undefined,
          autofocus: true,
        })}
        <div class="actions">
          <button class="button button-primary" id="email-submit" type="submit">${t('change_email.submit')}</button>
          <a class="button button-quiet" id="email-back" href="${model.backUri}">${t('change_email.back')}</a>
        </div>
      </form>
    </section>`,
  });
}
