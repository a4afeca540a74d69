// The pages on which somebody adds the second factor that their sign-in demands.
import { translator } from '../../../texts/messages.ts';
import { cancelButton, cancelText } from './cancel-button.ts';
import { emblem } from './emblem.ts';
import { hiddenFields, status } from './form-parts.ts';
import { type HalfDone, personAside } from './half-done.ts';
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';
import { factorName, newSecret } from './new-factor.ts';
import { recoveryCodeList } from './recovery-codes.ts';
import { codeField, type SecondFactorError } from './second-factor.ts';

export type AddFactor = HalfDone & {
  nameAction: string;
  codeAction: string;
  /** What was begun with; undefined: a name is asked for. */
  totp: { id: string; secret: string; uri: string; qrSvg: string } | undefined;
  error?: SecondFactorError | undefined;
};

/** Renders the page that asks for a name, and then the one that shows the secret. */
export function addFactorPage(page: Page, model: AddFactor): Html {
  const t = translator(page.locale);
  const { totp, error } = model;
  const hidden = { attempt: model.attempt, factor_id: totp?.id };
  return layout(page, {
    title: t('new_factor.title'),
    failed: error !== undefined,
    body: html`<div class="card">
      ${model.clientName && emblem(model.clientName, model.clientLogoUri)}
      <h1>${t('new_factor.title')}</h1>
      <p class="lead">${t('new_factor.demanded')}</p>
      ${totp ? newSecret(page, { ...totp, error }) : html`<p>${t('new_factor.lead')}</p>`}
      <form method="post" action="${totp ? model.codeAction : model.nameAction}" data-once>
        ${hiddenFields(hidden)} ${totp ? codeField(page, 'totp', error) : factorName(t)}
        <div class="actions">
          <button class="button button-primary" id="${totp ? 'mfa-submit' : 'factor-begin'}" type="submit">
            ${t(totp ? 'new_factor.submit' : 'new_factor.continue')}
          </button>
          ${cancelButton(cancelText(model, t))}
        </div>
      </form>
      ${personAside(model, 'mfa-switch', t)}
    </div>`,
  });
}

/** Renders what answers the first code: the recovery codes, and the way on. */
export function addedFactorPage(page: Page, { codes, onward }: { codes: readonly string[]; onward: string }): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('recovery_codes.title'),
    body: html`${status(t('account.notice.factor_added'))}
      <div class="card">
        <h1>${t('recovery_codes.title')}</h1>
        ${recoveryCodeList(page, codes)}
        <div class="actions">
          <a class="button button-primary" id="codes-kept" href="${onward}">${t('recovery_codes.kept')}</a>
        </div>
      </div>`,
  });
}
