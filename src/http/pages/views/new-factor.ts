// An authenticator application added: its name, then the secret as a picture and as text, and the first code.
import type { SecondFactorMethod } from '../../../domain/factors.ts';
import { type Translate, translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { alert, field, hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';
import { codeField, errorText, type SecondFactorError } from './second-factor.ts';

export type NewFactorName = { frame: AccountFrame; action: string; backUri: string };

/** Renders the page that asks what it is to be called. */
export function newFactorNamePage(page: Page, model: NewFactorName): Html {
  const t = translator(page.locale);
  return accountFrame(page, model.frame, {
    title: t('new_factor.title'),
    body: html`<section class="card">
      <h1>${t('new_factor.title')}</h1>
      <p class="lead">${t('new_factor.lead')}</p>
      <form method="post" action="${model.action}">
        ${hiddenFields({ csrf: model.frame.csrf })} ${factorName(t)}
        <div class="actions actions-choice">
          <button class="button button-primary" id="factor-begin" type="submit">${t('new_factor.continue')}</button>
          <a class="button" id="factor-cancel" href="${model.backUri}">${t('new_factor.cancel')}</a>
        </div>
      </form>
    </section>`,
  });
}

export type NewFactor = NewFactorName & {
  id: string;
  /** RFC 4648 base32. */
  secret: string;
  uri: string;
  qrSvg: string;
  error?: SecondFactorError | undefined;
};

/** Renders the page that shows the secret. */
export function newFactorPage(page: Page, model: NewFactor): Html {
  const t = translator(page.locale);
  return accountFrame(page, model.frame, {
    title: t('new_factor.title'),
    failed: model.error !== undefined,
    body: html`<section class="card">
      <h1>${t('new_factor.title')}</h1>
      ${newSecret(page, model)} ${confirmForm(page, 'totp', model)}
    </section>`,
  });
}

/** The secret, to be scanned, followed or typed. */
export function newSecret(
  page: Page,
  { secret, uri, qrSvg, error }: Omit<NewFactor, keyof NewFactorName | 'id'>,
): Html {
  const t = translator(page.locale);
  const picture = `data:image/svg+xml;base64,${Buffer.from(qrSvg).toString('base64')}`;
  return html`${error && alert('mfa-error', errorText(error, 'totp', page.locale))}
    <ol class="steps">
      <li>
        <p>${t('new_factor.scan')}</p>
        <a class="qr" href="${uri}"><img id="factor-qr" src="${picture}" alt="${t('new_factor.qr')}" /></a>
        <details>
          <summary>${t('new_factor.manual')}</summary>
          <p><code id="factor-secret" dir="ltr">${inGroups(secret)}</code></p>
        </details>
      </li>
      <li><p>${t('new_factor.code')}</p></li>
    </ol>`;
}

/** The field for what it is to be called. */
export function factorName(t: Translate): Html {
  return field({
    id: 'factor-name',
    name: 'name',
    label: t('new_factor.name'),
    type: 'text',
    autocomplete: 'off',
    hint: t('new_factor.name_hint'),
    isOptional: true,
    autofocus: true,
  });
}

/** The form for the first code of whichever factor is added, and whether other sessions end with it. */
export function confirmForm(
  page: Page,
  method: SecondFactorMethod,
  { frame, action, backUri, id, error }: Pick<NewFactor, keyof NewFactorName | 'id' | 'error'>,
): Html {
  const t = translator(page.locale);
  return html`<form method="post" action="${action}" data-once>
    ${hiddenFields({ csrf: frame.csrf, factor_id: id })} ${codeField(page, method, error)}
    <label class="choice" for="end-others"
      ><input id="end-others" type="checkbox" name="end_others" value="1" />${t('new_factor.end_others')}</label
    >
    <div class="actions actions-choice">
      <button class="button button-primary" id="mfa-submit" type="submit">${t('new_factor.submit')}</button>
      <a class="button" id="factor-cancel" href="${backUri}">${t('new_factor.cancel')}</a>
    </div>
  </form>`;
}

/** Four at a time, as people read them. */
function inGroups(secret: string): string {
  return secret.replaceAll(/(.{4})(?=.)/g, '$1 ');
}
