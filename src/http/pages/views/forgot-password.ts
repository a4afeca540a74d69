// The page where somebody asks for a link to another password, and what it says afterwards: the same to everybody.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { alert, emailField } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { tooManyMails } from './too-many-attempts.ts';

export type ForgotPassword = {
  action: string;
  signInUri: string;
  email: string;
  error?: { code: 'invalid' | 'too_many_attempts'; retryAfter?: number | undefined } | undefined;
};

/** Renders the form. */
export function forgotPasswordPage(page: Page, model: ForgotPassword): Html {
  const t = translator(page.locale);
  const { error } = model;
  return layout(page, {
    title: t('forgot.title'),
    failed: error !== undefined,
    body: html`<div class="card">
      <h1>${t('forgot.title')}</h1>
      <p class="lead">${t('forgot.lead')}</p>
      ${error?.code === 'too_many_attempts' && alert('forgot-error', tooManyMails(error.retryAfter, page.locale))}
      <form method="post" action="${model.action}">
        ${emailField({
          label: t('setup.email'),
          value: model.email,
          error: error?.code === 'invalid' ? t('forgot.error.email') : undefined,
          autofocus: true,
        })}
        <div class="actions">
          <button class="button button-primary" id="email-submit" type="submit">${t('forgot.submit')}</button>
          <a class="button button-quiet" id="forgot-back" href="${model.signInUri}">${t('forgot.back')}</a>
        </div>
      </form>
    </div>`,
  });
}

/** Renders what follows. */
export function linkSentPage(page: Page, { email, signInUri }: { email: string; signInUri: string }): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('forgot.sent_title'),
    body: html`<div class="card">
      <h1>${t('forgot.sent_title')}</h1>
      <p class="lead" role="status">${t('forgot.sent_lead', { email })}</p>
      <div class="actions">
        <a class="button" id="forgot-back" href="${signInUri}">${t('forgot.back')}</a>
      </div>
    </div>`,
  });
}
