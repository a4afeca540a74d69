// The first of the account pages: who one is here.
import { translator } from '../../../texts/messages.ts';
import { accountFrame, type AccountFrame } from './account-frame.ts';
import { hiddenFields } from './form-parts.ts';
import { fact } from './fact.ts';
import { html, type Html } from '../../../texts/html.ts';
import type { Page } from './layout.ts';

export type Account = {
  frame: AccountFrame;
  username: string;
  /** May change people elsewhere, themselves among them. */
  isAdministrator?: boolean | undefined;
  /** Nobody can sign in to anything yet, and this is who can change it. */
  awaitsApplication?: boolean | undefined;
  name?: string | undefined;
  email?: string | undefined;
  /** Where a link is asked for that verifies the address; undefined: it is verified, or cannot be. */
  verifyAction?: string | undefined;
  /** Where another address is asked for; undefined: it cannot be. */
  changeEmailUri?: string | undefined;
};

/** Renders the profile. */
export function accountPage(page: Page, model: Account): Html {
  const t = translator(page.locale);
  return accountFrame(page, model.frame, {
    body: html`${model.awaitsApplication && nextStep(page)}
      <section class="card">
        <h1>${t('account.section.profile')}</h1>
        <p class="lead">${t(model.isAdministrator ? 'account.profile_lead_admin' : 'account.profile_lead')}</p>
        <dl class="facts">
          ${fact(t('account.name'), model.name && html`<bdi>${model.name}</bdi>`)}
          ${fact(t('account.username'), html`<bdi>${model.username}</bdi>`)}
          ${fact(t('account.email'), model.email && html`<bdi>${model.email}</bdi>`)}
        </dl>
        ${
          model.verifyAction &&
          html`<form method="post" action="${model.verifyAction}">
            ${hiddenFields({ csrf: model.frame.csrf })}
            <p class="muted">${t('account.email_unverified')}</p>
            <div class="actions">
              <button class="button" id="email-verify" type="submit">${t('account.email_verify')}</button>
            </div>
          </form>`
        }
        ${
          model.changeEmailUri &&
          html`<div class="actions">
            <a class="button" id="email-change" href="${model.changeEmailUri}"
              >${t(model.email === undefined ? 'account.email_add' : 'account.email_change')}</a
            >
          </div>`
        }
      </section>`,
  });
}

/** As docs/command-line.md says it. */
const firstApplication = [
  'npx signet client create --id my-app --name "My application" \\',
  '  --redirect-uri http://localhost:8080/callback \\',
  '  --post-logout-redirect-uri http://localhost:8080/',
];

function nextStep(page: Page): Html {
  const t = translator(page.locale);
  return html`<section class="card" id="next-step">
    <h2>${t('account.next.title')}</h2>
    <p class="lead">${t('account.next.lead', { tenant: page.tenantName })}</p>
    <pre class="command" dir="ltr" tabindex="0"><code>${firstApplication.join('\n')}</code></pre>
    <p class="muted">${t('account.next.then')}</p>
  </section>`;
}
