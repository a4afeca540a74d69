// The page where a person proves a second factor, after the password.
import type { SecondFactorMethod } from '../../../domain/factors.ts';
import { type Locale, translator } from '../../../texts/messages.ts';
import { cancelButton, cancelText } from './cancel-button.ts';
import { emblem } from './emblem.ts';
import { alert, field, hiddenFields } from './form-parts.ts';
import { type HalfDone, personAside } from './half-done.ts';
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

/** Why the last code did not do. */
export type SecondFactorError = {
  code: 'wrong_code' | 'too_many_attempts' | 'busy';
  /** Seconds until another attempt is worth making. */
  retryAfter?: number | undefined;
};

/** What the second-factor page shows. */
export type SecondFactor = HalfDone & {
  action: string;
  /** What is asked for. */
  method: SecondFactorMethod;
  /** What else could be, and the page that asks for it. */
  others: readonly { method: SecondFactorMethod; uri: string }[];
  error?: SecondFactorError | undefined;
};

/** Renders the second-factor page. */
export function secondFactorPage(page: Page, model: SecondFactor): Html {
  const t = translator(page.locale);
  const { method, error } = model;
  return layout(page, {
    title: t('second_factor.title'),
    failed: error !== undefined,
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('second_factor.title')}</h1>
      <p class="lead">${t(`second_factor.lead.${method}`)}</p>
      ${error && alert('mfa-error', errorText(error, method, page.locale))}
      <form method="post" action="${model.action}">
        ${hiddenFields({ attempt: model.attempt, method })}
        ${field({
          id: 'mfa-code',
          name: 'code',
          label: t(`second_factor.label.${method}`),
          type: 'text',
          autocomplete: method === 'totp' ? 'one-time-code' : 'off',
          numeric: method === 'totp',
          describedBy: error && 'mfa-error',
          invalid: error?.code === 'wrong_code',
          autofocus: true,
        })}
        <div class="actions">
          <button class="button button-primary" id="mfa-submit" type="submit">${t('second_factor.submit')}</button>
          ${cancelButton(cancelText(model, t))}
        </div>
      </form>
      <ul class="link-row">
        ${model.others.map(
          (other) =>
            html`<li>
              <a id="mfa-method-${other.method}" href="${other.uri}">${t(`second_factor.use.${other.method}`)}</a>
            </li>`,
        )}
      </ul>
      ${personAside(model, 'mfa-switch', t)}
    </div>`,
  });
}

/** Why the code did not do, in words. */
export function errorText(error: SecondFactorError, method: SecondFactorMethod, locale: Locale): string {
  const t = translator(locale);
  switch (error.code) {
    case 'too_many_attempts':
      return tooManyAttempts(error.retryAfter, locale);
    case 'wrong_code':
      return t(`second_factor.error.wrong_code.${method}`);
    case 'busy':
      return t('second_factor.error.busy');
  }
}
