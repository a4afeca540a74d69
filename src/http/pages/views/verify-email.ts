// The pages of the link that verifies an e-mail address: the question, and that it is done.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';

export type VerifyEmail = { action: string; token: string; email: string; username: string };

/** Renders the question. */
export function verifyEmailPage(page: Page, model: VerifyEmail): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('verify.title'),
    body: html`<div class="card">
      <h1>${t('verify.title')}</h1>
      <p class="lead">${t('verify.lead', { email: model.email, username: model.username })}</p>
      <form method="post" action="${model.action}">
        ${hiddenFields({ token: model.token })}
        <div class="actions">
          <button class="button button-primary" id="email-submit" type="submit">${t('verify.submit')}</button>
        </div>
      </form>
    </div>`,
  });
}

/** Renders what follows. */
export function emailVerifiedPage(page: Page, { accountUri }: { accountUri: string }): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('verify.done'),
    body: html`<div class="card">
      <h1>${t('verify.done')}</h1>
      <div class="actions"><a class="button" id="to-account" href="${accountUri}">${t('notice.account')}</a></div>
    </div>`,
  });
}
