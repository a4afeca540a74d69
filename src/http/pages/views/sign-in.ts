// The page where a person signs in with a username and a password.
import { html, type Html } from '../../../texts/html.ts';
import { translator, type Locale, type Translate } from '../../../texts/messages.ts';
import { cancelButton, cancelText } from './cancel-button.ts';
import { emblem } from './emblem.ts';
import { alert, field, hiddenFields, status } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { stayChoice } from './stay-choice.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

/** Why the last attempt failed. Known and unknown users get the same. */
export type SignInError = {
  code: 'wrong_credentials' | 'too_many_attempts' | 'busy';
  /** Seconds until another attempt is worth making. */
  retryAfter?: number | undefined;
};

/** What the sign-in page shows. */
export type SignIn = {
  action: string;
  attempt: string;
  clientName?: string | undefined;
  clientLogoUri?: string | undefined;
  username: string;
  error?: SignInError | undefined;
  notice?: 'setup_done' | 'setup_open' | 'password_reset' | undefined;
  /** Where a forgotten password is replaced; undefined where it cannot be. */
  forgotUri?: string | undefined;
  /** Where one signs in by mail; undefined where one cannot. */
  mailUri?: string | undefined;
  /** `fresh`: somebody who has a session is asked to prove again who they are. */
  reason?: 'fresh' | 'other' | undefined;
  /** Its person came from their account page, and may go back there. */
  isForAccount?: boolean | undefined;
  /** Whether to stay signed in is asked. */
  stay?: { isChecked: boolean } | undefined;
};

/** Renders the sign-in page. */
export function signInPage(page: Page, model: SignIn): Html {
  const t = translator(page.locale);
  const title = t(model.reason === 'fresh' ? 'sign_in.title_fresh' : 'sign_in.title');
  const errorId = model.error && 'login-error';
  const wrong = model.error?.code === 'wrong_credentials';
  return layout(page, {
    title,
    failed: model.error !== undefined,
    body: html`${model.notice && notice(model.notice, page.tenantName, t)}
      <div class="card">
        ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
        <h1>${title}</h1>
        <p class="lead">${lead(page, model, t)}</p>
        ${model.error && alert('login-error', errorText(model.error, page.locale, t))}
        <form method="post" action="${model.action}" data-once>
          ${hiddenFields({ attempt: model.attempt })}
          ${field({
            id: 'login-username',
            name: 'username',
            label: t('sign_in.username'),
            type: 'text',
            autocomplete: 'username',
            value: model.username,
            describedBy: errorId,
            autofocus: model.username === '',
          })}
          ${field({
            id: 'login-password',
            name: 'password',
            label: t('sign_in.password'),
            type: 'password',
            reveal: t('field.show_password'),
            autocomplete: 'current-password',
            describedBy: errorId,
            invalid: wrong,
            autofocus: model.username !== '',
          })}
          ${model.stay && stayChoice(model.stay, t)}
          <div class="actions">
            <button class="button button-primary" id="login-submit" type="submit">${t('sign_in.submit')}</button>
            ${cancelButton(cancelText(model, t))}
          </div>
        </form>
        <ul class="link-row">
          ${model.mailUri && html`<li><a id="mail-sign-in" href="${model.mailUri}">${t('mail_sign_in.link')}</a></li>`}
          ${model.forgotUri && html`<li><a id="forgot-password" href="${model.forgotUri}">${t('forgot.link')}</a></li>`}
        </ul>
      </div>`,
  });
}

function notice(name: NonNullable<SignIn['notice']>, tenant: string, t: Translate): Html {
  return status(t(`sign_in.notice.${name}`, { tenant }), name === 'setup_open' ? 'info' : 'done');
}

function lead(page: Page, model: SignIn, t: Translate): string {
  const tenant = page.tenantName;
  const client = model.clientName;
  if (client === undefined) {
    if (model.reason !== 'fresh') return t('sign_in.lead', { tenant });
    return t(model.isForAccount ? 'sign_in.lead_fresh_account' : 'sign_in.lead_fresh');
  }
  return model.reason === 'fresh'
    ? t('sign_in.lead_fresh_client', { client })
    : t('sign_in.lead_client', { tenant, client });
}

function errorText(error: SignInError, locale: Locale, t: Translate): string {
  return error.code === 'too_many_attempts'
    ? tooManyAttempts(error.retryAfter, locale)
    : t(`sign_in.error.${error.code}`);
}
