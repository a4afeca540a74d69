// Which applications a person has given access to, and taking it back.
import { type Locale, type Translate, translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { ago } from './ago.ts';
import { emblem } from './emblem.ts';
import { fact } from './fact.ts';
import { hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';
import { moment } from './moment.ts';
import { scopeText } from './scope-text.ts';

/** A client that this person has allowed to use the account. Times in milliseconds. */
export type AccountConsent = {
  clientId: string;
  clientName: string;
  scopes: readonly { name: string; description?: string | undefined }[];
  grantedAt: number;
  expiresAt?: number | undefined;
  /** Scopes that can be taken back by themselves. */
  removable: readonly string[];
};

export type AccountApplications = {
  frame: AccountFrame;
  /** Milliseconds. */
  now: number;
  consents: readonly AccountConsent[];
  revokeAction: string;
  revokeScopeUri: string;
};

/** Renders the list. */
export function accountApplicationsPage(page: Page, model: AccountApplications): Html {
  const t = translator(page.locale);
  return accountFrame(page, model.frame, {
    body: html`<section class="card">
      <h1 id="consents">${t('account.section.applications')}</h1>
      <p class="lead">${t(model.consents.length > 0 ? 'account.consents_lead' : 'account.consents_empty')}</p>
      ${
        model.consents.length > 0 &&
        html`<ul class="rows">
          ${model.consents.map((consent, index) => row(consent, index, model, page.locale, t))}
        </ul>`
      }
    </section>`,
  });
}

function row(consent: AccountConsent, index: number, model: AccountApplications, locale: Locale, t: Translate): Html {
  const scopes = consent.scopes.map(
    (scope) =>
      html`<li>
        <bdi>${scopeText(scope.name, scope.description, t)}</bdi> ${removeLink(consent, scope.name, model, t)}
      </li>`,
  );
  return html`<li class="row">
    ${emblem(consent.clientName)}
    <div class="row-body">
      <h2 class="row-title" id="consent-${index}"><bdi>${consent.clientName}</bdi></h2>
      <p class="muted">${t('account.granted_at')}: ${ago(consent.grantedAt, model.now, locale)}</p>
      <details>
        <summary>${t('account.details')}</summary>
        <dl class="facts">
          ${fact(
            t('account.scopes'),
            scopes.length > 0 &&
              html`<ul class="plain-list">
                ${scopes}
              </ul>`,
          )}
          ${fact(t('account.granted_at'), moment(new Date(consent.grantedAt).toISOString(), locale))}
          ${fact(
            t('account.expires_at'),
            consent.expiresAt !== undefined && moment(new Date(consent.expiresAt).toISOString(), locale),
          )}
        </dl>
      </details>
    </div>
    <form method="post" action="${model.revokeAction}">
      ${hiddenFields({ csrf: model.frame.csrf, client_id: consent.clientId })}
      <button
        class="button button-danger"
        id="revoke-${index}"
        type="submit"
        aria-labelledby="revoke-${index} consent-${index}"
      >
        ${t('account.revoke')}
      </button>
    </form>
  </li>`;
}

function removeLink(consent: AccountConsent, scope: string, model: AccountApplications, t: Translate): Html | false {
  const query = new URLSearchParams({ client_id: consent.clientId, scope }).toString();
  return (
    consent.removable.includes(scope) && html`<a href="${model.revokeScopeUri}?${query}">${t('two_step.remove')}</a>`
  );
}
