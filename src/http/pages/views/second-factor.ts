// The page where a person proves a second factor, after the password.
import { isSent, type SecondFactorMethod } from '../../../domain/factors.ts';
import { type Locale, type Translate, translator } from '../../../texts/messages.ts';
import { cancelButton, cancelText } from './cancel-button.ts';
import { emblem } from './emblem.ts';
import { alert, field, hiddenFields } from './form-parts.ts';
import { type HalfDone, personAside } from './half-done.ts';
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';
import { tooManyAttempts, tooManyCodes } from './too-many-attempts.ts';

/** Why the last code did not do. */
export type SecondFactorError = {
  code: 'wrong_code' | 'too_many_attempts' | 'too_many_codes' | 'busy';
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
  /** Why nothing but a recovery code is asked for. */
  unusable?: 'mailbox' | 'off' | undefined;
  /** Of a method whose codes are sent: where a code is asked for, where it goes, and whether one is waited for. */
  sent?: { action: string; to: string; isWaiting: boolean } | undefined;
  error?: SecondFactorError | undefined;
};

/** Renders the second-factor page. */
export function secondFactorPage(page: Page, model: SecondFactor): Html {
  const t = translator(page.locale);
  const { error } = model;
  return layout(page, {
    title: t('second_factor.title'),
    failed: error !== undefined,
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('second_factor.title')}</h1>
      ${model.unusable && whyUnusable(model, model.unusable, t)}
      ${model.sent?.isWaiting === false ? beforeSending(page, model, model.sent) : codeForm(page, model)}
      ${model.sent?.isWaiting === true && anotherCode(model, model.sent, t)}
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

function whyUnusable({ switchUri }: SecondFactor, why: 'mailbox' | 'off', t: Translate): Html {
  return html`<p class="lead" id="mfa-unusable">${t(`second_factor.unusable.${why}`)}</p>
    ${why === 'mailbox' && html`<p><a id="with-password" href="${switchUri}">${t('mail_sign_in.password')}</a></p>`}`;
}

/** The field for the code. */
function codeForm(page: Page, model: SecondFactor): Html {
  const t = translator(page.locale);
  const { method, error, sent } = model;
  const lead = isSent(method) && sent ? t(`second_factor.lead.${method}`, { end: sent.to }) : t(leadOf(method));
  return html`<p class="lead">${lead}</p>
    ${error && alert('mfa-error', errorText(error, method, page.locale))}
    <form method="post" action="${model.action}">
      ${hiddenFields({ attempt: model.attempt, method })} ${codeField(page, method, error)}
      <div class="actions">
        <button class="button button-primary" id="mfa-submit" type="submit">${t('second_factor.submit')}</button>
        ${cancelButton(cancelText(model, t))}
      </div>
    </form>`;
}

/** The field for a code of this method, below the alert `mfa-error`. */
export function codeField(page: Page, method: SecondFactorMethod, error: SecondFactorError | undefined): Html {
  const isCode = method !== 'recovery_code';
  return field({
    id: 'mfa-code',
    name: 'code',
    label: translator(page.locale)(`second_factor.label.${method}`),
    type: 'text',
    autocomplete: isCode ? 'one-time-code' : 'off',
    numeric: isCode,
    describedBy: error && 'mfa-error',
    invalid: error?.code === 'wrong_code',
    autofocus: true,
  });
}

function leadOf(method: SecondFactorMethod) {
  return method === 'recovery_code' ? 'second_factor.lead.recovery_code' : 'second_factor.lead.totp';
}

type SentModel = NonNullable<SecondFactor['sent']>;

/** Nothing is sent before it is asked for. */
function beforeSending(page: Page, model: SecondFactor, sent: SentModel): Html {
  const t = translator(page.locale);
  const { method, error } = model;
  return html`<p class="lead">${isSent(method) && t(`second_factor.before.${method}`, { end: sent.to })}</p>
    ${error && alert('mfa-error', errorText(error, method, page.locale))}
    <form method="post" action="${sent.action}" data-once>
      ${hiddenFields({ attempt: model.attempt, method })}
      <div class="actions">
        <button class="button button-primary" id="mfa-send" type="submit">${t('mail_sign_in.send_code')}</button>
        ${cancelButton(cancelText(model, t))}
      </div>
    </form>`;
}

function anotherCode({ attempt, method }: SecondFactor, { action }: SentModel, t: Translate): Html {
  return html`<form method="post" action="${action}" data-once>
    ${hiddenFields({ attempt, method })}
    <button class="button button-quiet" id="mfa-send" type="submit">${t('mail_sign_in.another_code')}</button>
  </form>`;
}

/** Why the code did not do, in words. */
export function errorText(error: SecondFactorError, method: SecondFactorMethod, locale: Locale): string {
  const t = translator(locale);
  switch (error.code) {
    case 'too_many_attempts':
      return tooManyAttempts(error.retryAfter, locale);
    case 'too_many_codes':
      return tooManyCodes(error.retryAfter, locale);
    case 'wrong_code':
      return t(`second_factor.error.wrong_code.${method}`);
    case 'busy':
      return t('second_factor.error.busy');
  }
}
