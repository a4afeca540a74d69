// Two-step verification: which second factors and recovery codes a person has.
import type { SecondFactorMethod } from '../../../domain/factors.ts';
import { type Locale, type Translate, translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { ago } from './ago.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';

/** Times in milliseconds. */
export type AccountTwoStep = {
  frame: AccountFrame;
  now: number;
  /** Nobody can add one here. */
  isOff: boolean;
  factors: readonly {
    id: string;
    method: SecondFactorMethod;
    name?: string | undefined;
    phone?: string | undefined;
    /** It cannot be proven with now: the tenant, or what it stands beside, has changed. */
    isUsable: boolean;
    /** It cannot be removed before there is another. */
    mustStay: boolean;
    createdAt: number;
    lastUsedAt?: number | undefined;
  }[];
  codes: { made: number; left: number };
  addUri: string;
  /** Where a factor whose codes are sent is added, if it can be. */
  addPhoneUri?: string | undefined;
  addEmailUri?: string | undefined;
  removeUri: string;
  makeCodesUri: string;
};

/** Renders the list. */
export function accountTwoStepPage(page: Page, model: AccountTwoStep): Html {
  const t = translator(page.locale);
  const { factors, codes } = model;
  return accountFrame(page, model.frame, {
    body: html`<section class="card">
        <h1>${t('account.section.two_step')}</h1>
        <p class="lead">${t(lead(model))}</p>
        ${
          factors.length > 0 &&
          html`<ul class="rows">
            ${factors.map((factor, index) => row(factor, index, model, page.locale, t))}
          </ul>`
        }
        ${
          !model.isOff &&
          html`<div class="actions">
            <a class="button ${factors.length === 0 && 'button-primary'}" id="factor-add" href="${model.addUri}"
              >${t('two_step.add')}</a
            >
            ${model.addPhoneUri && html`<a class="button" id="phone-add" href="${model.addPhoneUri}">${t('two_step.add_phone')}</a>`}
            ${model.addEmailUri && html`<a class="button" id="email-factor-add" href="${model.addEmailUri}">${t('two_step.add_email')}</a>`}
          </div>`
        }
      </section>
      ${
        factors.length > 0 &&
        html`<section class="card">
          <h2>${t('two_step.codes')}</h2>
          <p class="lead">${t('two_step.codes_lead', { left: codes.left, made: codes.made })}</p>
          <div class="actions">
            <a class="button" id="codes-make" href="${model.makeCodesUri}">${t('two_step.codes_make')}</a>
          </div>
        </section>`
      }`,
  });
}

function lead({ factors, isOff }: AccountTwoStep) {
  if (factors.length > 0) return 'two_step.lead_some';
  return isOff ? 'two_step.off' : 'two_step.lead_none';
}

/** What its person calls it, or what it is. */
export function factorTitle(
  { method, name, phone }: Pick<AccountTwoStep['factors'][number], 'method' | 'name' | 'phone'>,
  t: Translate,
): string {
  if (name !== undefined) return name;
  if (method === 'sms') return t('two_step.sms', { phone: phone ?? '' });
  return t(method === 'email' ? 'two_step.email' : 'two_step.unnamed');
}

function row(
  factor: AccountTwoStep['factors'][number],
  index: number,
  { now, removeUri }: AccountTwoStep,
  locale: Locale,
  t: Translate,
): Html {
  const query = new URLSearchParams({ factor_id: factor.id }).toString();
  return html`<li class="row">
    <div class="row-body">
      <h2 class="row-title" id="factor-${index}"><bdi>${factorTitle(factor, t)}</bdi></h2>
      ${!factor.isUsable && html`<p class="small-print">${t('two_step.not_usable')}</p>`}
      <p class="muted">
        ${t('two_step.added_at')}: ${ago(factor.createdAt, now, locale)} · ${t('two_step.last_used_at')}:
        ${factor.lastUsedAt === undefined ? t('two_step.never_used') : ago(factor.lastUsedAt, now, locale)}
      </p>
    </div>
    ${
      factor.mustStay
        ? html`<p class="small-print">${t('two_step.must_stay')}</p>`
        : html`<a
            class="button button-danger"
            id="factor-remove-${index}"
            href="${removeUri}?${query}"
            aria-labelledby="factor-remove-${index} factor-${index}"
            >${t('two_step.remove')}</a
          >`
    }
  </li>`;
}
