// A factor whose codes are sent is added: the number or the address, then the first code.
import type { SentMethod } from '../../../domain/factors.ts';
import { translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { alert, field, hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';
import { confirmForm } from './new-factor.ts';
import { errorText, type SecondFactorError } from './second-factor.ts';
import { tooManyCodes } from './too-many-attempts.ts';

type Common = { frame: AccountFrame; method: SentMethod; action: string; backUri: string };

export type NewSentError = { code: 'invalid' | 'too_many_codes'; retryAfter?: number | undefined };

export type NewSent = Common & {
  email: string;
  /** As it was typed. */
  phone: string;
  /** Where a code was sent that is waited for, and where it is typed. */
  waiting?: { to: string; uri: string } | undefined;
  error?: NewSentError | undefined;
};

const titles = { sms: 'new_phone.title', email: 'new_email_factor.title' } as const;

/** Renders the page that asks for the number, or whether codes are to come by mail. */
export function newSentPage(page: Page, model: NewSent): Html {
  const t = translator(page.locale);
  const { method, error } = model;
  return accountFrame(page, model.frame, {
    title: t(titles[method]),
    failed: error !== undefined,
    body: html`<section class="card">
      <h1>${t(titles[method])}</h1>
      <p class="lead">${method === 'sms' ? t('new_phone.lead') : t('new_email_factor.lead', { email: model.email })}</p>
      ${error?.code === 'too_many_codes' && alert('mfa-error', tooManyCodes(error.retryAfter, page.locale))}
      ${
        model.waiting &&
        html`<p>
          ${t('new_sent.waiting', { to: model.waiting.to })}
          <a id="mfa-waiting" href="${model.waiting.uri}">${t('new_sent.enter')}</a>
        </p>`
      }
      <form method="post" action="${model.action}" data-once>
        ${hiddenFields({ csrf: model.frame.csrf })}
        ${
          method === 'sms' &&
          field({
            id: 'phone',
            name: 'phone',
            label: t('new_phone.label'),
            type: 'tel',
            autocomplete: 'tel',
            value: model.phone,
            hint: t('new_phone.hint'),
            error: error?.code === 'invalid' ? t('new_phone.error') : undefined,
            describedBy: error?.code === 'too_many_codes' ? 'mfa-error' : undefined,
            autofocus: true,
          })
        }
        <div class="actions actions-choice">
          <button class="button button-primary" id="mfa-send" type="submit">${t('mail_sign_in.send_code')}</button>
          <a class="button" id="factor-cancel" href="${model.backUri}">${t('new_factor.cancel')}</a>
        </div>
      </form>
    </section>`,
  });
}

export type SentCode = Common & {
  id: string;
  /** Whole. */
  to: string;
  /** Where another code is asked for, or another number given. */
  againUri: string;
  error?: SecondFactorError | undefined;
};

/** Renders the page that asks for the code. */
export function sentCodePage(page: Page, model: SentCode): Html {
  const t = translator(page.locale);
  const { method, error } = model;
  return accountFrame(page, model.frame, {
    title: t(titles[method]),
    failed: error !== undefined,
    body: html`<section class="card">
      <h1>${t(titles[method])}</h1>
      <p class="lead" role="status">${t('new_sent.confirm', { to: model.to })}</p>
      ${error && alert('mfa-error', errorText(error, method, page.locale))} ${confirmForm(page, method, model)}
      <form method="post" action="${model.againUri}" class="again" data-once>
        ${hiddenFields({ csrf: model.frame.csrf, phone: method === 'sms' ? model.to : undefined, again: '1' })}
        <button class="button button-quiet" id="mfa-send" type="submit">${t('mail_sign_in.another_code')}</button>
      </form>
      ${method === 'sms' && html`<p><a id="mfa-other" href="${model.againUri}">${t('new_phone.other')}</a></p>`}
    </section>`,
  });
}
