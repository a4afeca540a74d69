// Where a person is signed in, and ending it.
import { type Locale, type Translate, translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { ago } from './ago.ts';
import { browserText } from '../../../texts/browser-name.ts';
import { fact } from './fact.ts';
import { hiddenFields } from './form-parts.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';
import { moment } from './moment.ts';

/** A browser that is signed in. Times in milliseconds. */
export type AccountSession = {
  id: string;
  current: boolean;
  startedAt: number;
  lastSeenAt: number;
  userAgent?: string | undefined;
  ip?: string | undefined;
};

export type AccountSessions = {
  frame: AccountFrame;
  /** Milliseconds. */
  now: number;
  sessions: readonly AccountSession[];
  endSessionAction: string;
  /** Where it is asked whether all other sessions are to end. */
  endOthersUri: string;
};

/** Renders the list. */
export function accountSessionsPage(page: Page, model: AccountSessions): Html {
  const t = translator(page.locale);
  return accountFrame(page, model.frame, {
    body: html`<section class="card">
      <div class="card-head">
        <h1 id="sessions">${t('account.section.sessions')}</h1>
        ${
          model.sessions.some(({ current }) => !current) &&
          html`<a class="button button-danger" id="end-others" href="${model.endOthersUri}"
            >${t('account.end_others')}</a
          >`
        }
      </div>
      <p class="lead">${t('account.sessions_lead')}</p>
      <ul class="rows">
        ${model.sessions.map((session, index) => row(session, index, model, page.locale, t))}
      </ul>
    </section>`,
  });
}

function row(session: AccountSession, index: number, model: AccountSessions, locale: Locale, t: Translate): Html {
  return html`<li class="row">
    <div class="row-body">
      <h2 class="row-title" id="session-${index}">
        <bdi>${browserText(session.userAgent, t)}</bdi>${
          session.current && html` <span class="badge">${t('account.current')}</span>`
        }
      </h2>
      <p class="muted">${t('account.last_seen_at')}: ${ago(session.lastSeenAt, model.now, locale)}</p>
      <details>
        <summary>${t('account.details')}</summary>
        <dl class="facts">
          ${fact(t('account.last_seen_at'), moment(new Date(session.lastSeenAt).toISOString(), locale))}
          ${fact(t('account.started_at'), moment(new Date(session.startedAt).toISOString(), locale))}
          ${fact(t('account.ip'), session.ip && html`<bdi>${session.ip}</bdi>`)}
        </dl>
      </details>
    </div>
    ${
      !session.current &&
      html`<form method="post" action="${model.endSessionAction}">
        ${hiddenFields({ csrf: model.frame.csrf, session_id: session.id })}
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
