// The page where a person sees who has access to their account and where it is signed in.
import { html, type Html } from './html.ts';
import { translator, type Locale, type Translate } from '../../../texts/messages.ts';
import { browserText } from './browser-name.ts';
import { emblem } from './emblem.ts';
import { fact } from './fact.ts';
import { hiddenFields, status } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { moment } from './moment.ts';
import { scopeText } from './scope-text.ts';

/** A client that this person has allowed to use the account. Times are ISO 8601. */
export type AccountConsent = {
  clientId: string;
  clientName: string;
  scopes: readonly { name: string; description?: string | undefined }[];
  grantedAt: string;
};

/** A browser that is signed in. Times are ISO 8601. */
export type AccountSession = {
  id: string;
  current: boolean;
  startedAt: string;
  lastSeenAt: string;
  userAgent?: string | undefined;
  ip?: string | undefined;
};

/** What the account page shows. */
export type Account = {
  username: string;
  name?: string | undefined;
  email?: string | undefined;
  csrf: string;
  consents: readonly AccountConsent[];
  sessions: readonly AccountSession[];
  notice?: 'access_revoked' | 'session_ended' | 'sessions_ended' | undefined;
  revokeAction: string;
  endSessionAction: string;
  /** Where it is asked whether all other sessions are to end. */
  endOthersUri: string;
  signOutAction: string;
};

/** Renders the account page. */
export function accountPage(page: Page, model: Account): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('account.title'),
    wide: true,
    body: html`${model.notice && status(t(`account.notice.${model.notice}`))}
      <div class="card">
        <div class="card-head">
          <h1>${t('account.title')}</h1>
          <form method="post" action="${model.signOutAction}">
            ${hiddenFields({ csrf: model.csrf })}
            <button class="button" id="account-sign-out" type="submit" name="decision" value="confirm">
              ${t('account.sign_out')}
            </button>
          </form>
        </div>
        <dl class="facts">
          ${fact(t('account.name'), model.name && html`<bdi>${model.name}</bdi>`)}
          ${fact(t('account.username'), html`<bdi>${model.username}</bdi>`)}
          ${fact(t('account.email'), model.email && html`<bdi>${model.email}</bdi>`)}
        </dl>
      </div>
      <section class="card" aria-labelledby="consents">
        <h2 id="consents">${t('account.consents')}</h2>
        <p class="lead">${t(model.consents.length > 0 ? 'account.consents_lead' : 'account.consents_empty')}</p>
        ${
          model.consents.length > 0 &&
          html`<ul class="rows">
            ${model.consents.map((consent, index) => consentRow(consent, index, model, page.locale, t))}
          </ul>`
        }
      </section>
      <section class="card" aria-labelledby="sessions">
        <div class="card-head">
          <h2 id="sessions">${t('account.sessions')}</h2>
          ${
            model.sessions.some(({ current }) => !current) &&
            html`<a class="button button-danger" id="end-others" href="${model.endOthersUri}"
              >${t('account.end_others')}</a
            >`
          }
        </div>
        <p class="lead">${t('account.sessions_lead')}</p>
        <ul class="rows">
          ${model.sessions.map((session, index) => sessionRow(session, index, model, page.locale, t))}
        </ul>
      </section>`,
  });
}

function consentRow(consent: AccountConsent, index: number, model: Account, locale: Locale, t: Translate): Html {
  const scopes = consent.scopes.map(
    (scope) => html`<li><bdi>${scopeText(scope.name, scope.description, t)}</bdi></li>`,
  );
  return html`<li class="row">
    ${emblem(consent.clientName)}
    <div class="row-body">
      <h3 id="consent-${index}"><bdi>${consent.clientName}</bdi></h3>
      <dl class="facts">
        ${fact(
          t('account.scopes'),
          scopes.length > 0 &&
            html`<ul class="plain-list">
              ${scopes}
            </ul>`,
        )}
        ${fact(t('account.granted_at'), moment(consent.grantedAt, locale))}
      </dl>
    </div>
    <form method="post" action="${model.revokeAction}">
      ${hiddenFields({ csrf: model.csrf, client_id: consent.clientId })}
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

function sessionRow(session: AccountSession, index: number, model: Account, locale: Locale, t: Translate): Html {
  return html`<li class="row">
    <div class="row-body">
      <h3 id="session-${index}">
        <bdi>${browserText(session.userAgent, t)}</bdi>${
          session.current && html` <span class="badge">${t('account.current')}</span>`
        }
      </h3>
      <dl class="facts">
        ${fact(t('account.last_seen_at'), moment(session.lastSeenAt, locale))}
        ${fact(t('account.started_at'), moment(session.startedAt, locale))}
        ${fact(t('account.ip'), session.ip && html`<bdi>${session.ip}</bdi>`)}
      </dl>
    </div>
    ${
      !session.current &&
      html`<form method="post" action="${model.endSessionAction}">
        ${hiddenFields({ csrf: model.csrf, session_id: session.id })}
        <button
          class="button button-danger"
          id="end-session-${index}"
          type="submit"
          aria-labelledby="end-session-${index} session-${index}"
        >
          ${t('account.end_session')}
        </button>
      </form>`
    }
  </li>`;
}
