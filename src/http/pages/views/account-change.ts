// The page that names what is about to end, and ends it with one button.
import { type Locale, type MessageKey, type Translate, translator } from '../../../texts/messages.ts';
import { factorTitle } from './account-two-step.ts';
import { browserText } from '../../../texts/browser-name.ts';
import { fact } from './fact.ts';
import { hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';
import { moment } from './moment.ts';
import { scopeText } from './scope-text.ts';
import { signOutButton, type SignOutButton } from './sign-out-button.ts';

/** What ends. Times are ISO 8601. */
export type Ending =
  | { kind: 'access'; clientName: string }
  | { kind: 'scope'; clientName: string; scope: { name: string; description?: string | undefined } }
  | { kind: 'session'; userAgent?: string | undefined; ip?: string | undefined; lastSeenAt: string }
  | { kind: 'sessions'; count: number }
  | { kind: 'factor'; factor: Parameters<typeof factorTitle>[0]; isLast: boolean }
  | { kind: 'codes' };

/** What the page shows. */
export type AccountChangePage = SignOutButton & {
  action: string;
  fields: Record<string, string>;
  ending: Ending;
  username: string;
  backUri: string;
};

/** Renders the confirmation page. */
export function accountChangePage(page: Page, model: AccountChangePage): Html {
  const t = translator(page.locale);
  const { ending } = model;
  const title = t(`account_change.title.${ending.kind}`);
  return layout(page, {
    title,
    body: html`<div class="card">
      <h1>${title}</h1>
      ${named(ending, page.locale, t)}
      <p>${t(effect(ending))}</p>
      <form method="post" action="${model.action}">
        ${hiddenFields(model.fields)}
        <div class="actions actions-choice">
          <button class="button button-destructive" id="account-change-confirm" type="submit">
            ${t(ending.kind === 'sessions' ? 'account.end_others' : `account_change.confirm.${ending.kind}`)}
          </button>
          <a class="button" id="account-change-cancel" href="${model.backUri}">${t('new_factor.cancel')}</a>
        </div>
      </form>
      <div class="person">
        <p>${t('layout.signed_in_as', { username: model.username })}</p>
        ${signOutButton(model, t)}
      </div>
    </div>`,
  });
}

function effect(ending: Ending): MessageKey {
  if (ending.kind === 'sessions') return 'account_change.effect.session';
  if (ending.kind === 'factor' && ending.isLast) return 'account_change.effect.factor_last';
  return `account_change.effect.${ending.kind}`;
}

function named(ending: Ending, locale: Locale, t: Translate): Html {
  switch (ending.kind) {
    case 'access':
      return html`<p class="lead">${t('account_change.lead.access', { client: ending.clientName })}</p>`;
    case 'scope':
      return html`<p class="lead">${t('account_change.lead.scope', { client: ending.clientName })}</p>
        <p><bdi>${scopeText(ending.scope.name, ending.scope.description, t)}</bdi></p>`;
    case 'sessions':
      return html`<p class="lead">${t('account_change.lead.sessions', { count: ending.count })}</p>`;
    case 'factor':
      return html`<p class="lead">${t('account_change.lead.factor', { name: factorTitle(ending.factor, t) })}</p>`;
    case 'codes':
      return html`<p class="lead">${t('account_change.lead.codes')}</p>`;
    case 'session':
      return html`<p class="lead">${t('account_change.lead.session')}</p>
        <h2 class="list-title"><bdi>${browserText(ending.userAgent, t)}</bdi></h2>
        <dl class="facts">
          ${fact(t('account.last_seen_at'), moment(ending.lastSeenAt, locale))}
          ${fact(t('account.ip'), ending.ip && html`<bdi>${ending.ip}</bdi>`)}
        </dl>`;
  }
}
