// The pages of signing in by mail: the address, what was sent, and the code.
import { html, type Html } from '../../../texts/html.ts';
import { translator, type Locale, type Translate } from '../../../texts/messages.ts';
import { cancelButton, cancelText } from './cancel-button.ts';
import { emblem } from './emblem.ts';
import { alert, emailField, field, hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { stayChoice } from './stay-choice.ts';
import { tooManyAttempts, tooManyMails } from './too-many-attempts.ts';

/** What each of them shows. */
type Common = {
  action: string;
  attempt: string;
  /** Where somebody signs in with a password instead. */
  passwordUri: string;
  clientName?: string | undefined;
  clientLogoUri?: string | undefined;
  isForAccount?: boolean | undefined;
};

export type MailSignIn = Common & {
  email: string;
  /** Whether to stay signed in is asked. */
  stay?: { isChecked: boolean } | undefined;
  error?: { code: 'invalid' | 'too_many_attempts'; retryAfter?: number | undefined } | undefined;
};

/** Renders the form for the address. */
export function mailSignInPage(page: Page, model: MailSignIn): Html {
  const t = translator(page.locale);
  const { error } = model;
  return layout(page, {
    title: t('mail_sign_in.title'),
    failed: error !== undefined,
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('mail_sign_in.title')}</h1>
      <p class="lead">${t('mail_sign_in.lead')}</p>
      ${error?.code === 'too_many_attempts' && alert('email-error', tooManyMails(error.retryAfter, page.locale))}
      <form method="post" action="${model.action}" data-once>
        ${hiddenFields({ attempt: model.attempt })}
        ${emailField({
          label: t('setup.email'),
          value: model.email,
          error: error?.code === 'invalid' ? t('forgot.error.email') : undefined,
          describedBy: error?.code === 'too_many_attempts' ? 'email-error' : undefined,
          autofocus: true,
        })}
        ${model.stay && stayChoice(model.stay, t)}
        <div class="actions">
          <button class="button button-primary" id="email-submit" type="submit" name="way" value="link">
            ${t('mail_sign_in.send_link')}
          </button>
          <button class="button" id="email-code-submit" type="submit" name="way" value="code">
            ${t('mail_sign_in.send_code')}
          </button>
          ${cancelButton(cancelText(model, t))}
        </div>
      </form>
      ${withPassword(model, t)}
    </div>`,
  });
}

export type MailSent = Common & { email: string; stay: boolean };

/** Renders that a link was sent. */
export function signInLinkSentPage(page: Page, model: MailSent): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('forgot.sent_title'),
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('forgot.sent_title')}</h1>
      <p class="lead" role="status">${t('mail_sign_in.link_sent', { email: model.email })}</p>
      ${again(model, t('mail_sign_in.code_instead'))} ${withPassword(model, t)}
    </div>`,
  });
}

export type MailedCode = MailSent & {
  /** Where the code goes. */
  codeAction: string;
  error?:
    | { code: 'wrong_code' | 'too_many_attempts' | 'too_many_mails' | 'busy'; retryAfter?: number | undefined }
    | undefined;
};

/** Renders the form for the code that was sent. */
export function mailedCodePage(page: Page, model: MailedCode): Html {
  const t = translator(page.locale);
  const { error } = model;
  return layout(page, {
    title: t('mail_sign_in.code_title'),
    failed: error !== undefined,
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('mail_sign_in.code_title')}</h1>
      <p class="lead" role="status">${t('mail_sign_in.code_sent', { email: model.email })}</p>
      ${error && alert('code-error', codeError(error, page.locale, t))}
      <form method="post" action="${model.codeAction}">
        ${hiddenFields({ attempt: model.attempt, email: model.email, stay: model.stay ? '1' : undefined })}
        ${field({
          id: 'code',
          name: 'code',
          label: t('second_factor.label.totp'),
          type: 'text',
          autocomplete: 'one-time-code',
          numeric: true,
          describedBy: error && 'code-error',
          invalid: error?.code === 'wrong_code',
          autofocus: true,
        })}
        <div class="actions">
          <button class="button button-primary" id="code-submit" type="submit">${t('second_factor.submit')}</button>
          ${cancelButton(cancelText(model, t))}
        </div>
      </form>
      ${again({ ...model, again: 'code' }, t('mail_sign_in.another_code'))} ${withPassword(model, t)}
    </div>`,
  });
}

function codeError({ code, retryAfter }: NonNullable<MailedCode['error']>, locale: Locale, t: Translate): string {
  if (code === 'too_many_mails') return tooManyMails(retryAfter, locale);
  return code === 'too_many_attempts' ? tooManyAttempts(retryAfter, locale) : t(`mail_sign_in.error.${code}`);
}

/** Another mail, with a code, for the same address. `again`: there is one already. */
function again({ action, attempt, email, stay, again }: MailSent & { again?: 'code' }, label: string): Html {
  return html`<form method="post" action="${action}" class="again" data-once>
    ${hiddenFields({ attempt, email, way: 'code', again, stay: stay ? '1' : undefined })}
    <button class="button button-quiet" id="email-code-submit" type="submit">${label}</button>
  </form>`;
}

function withPassword({ passwordUri }: Common, t: Translate): Html {
  return html`<p><a id="with-password" href="${passwordUri}">${t('mail_sign_in.password')}</a></p>`;
}
