// The pages of the links that verify an e-mail address, or confirm another one: the question, and that it is done.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';

export type VerifyEmail = { action: string; token: string; email: string; username: string };

/** Renders the question. */
export function verifyEmailPage(page: Page, model: VerifyEmail): Html {
  return question(page, model, 'verify.lead');
}

/** The same of another address. `usernameToo`: it becomes the username as well. */
export function confirmEmailPage(page: Page, model: VerifyEmail & { usernameToo: boolean }): Html {
  const t = translator(page.locale);
  return question(
    page,
    model,
    'change_email.question',
    html`<p class="muted">${t('change_email.confirm')}</p>
      ${model.usernameToo && html`<p class="muted" id="username-too">${t('change_email.username_too')}</p>`}`,
  );
}

function question(page: Page, model: VerifyEmail, lead: 'verify.lead' | 'change_email.question', more?: Html): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('verify.title'),
    body: html`<div class="card">
      <h1>${t('verify.title')}</h1>
      <p class="lead">${t(lead, { email: model.email, username: model.username })}</p>
      ${more}
      <form method="post" action="${model.action}">
        ${hiddenFields({ token: model.token })}
        <div class="actions">
          <button class="button button-primary" id="email-submit" type="submit">${t('verify.submit')}</button>
        </div>
      </form>
    </div>`,
  });
}

/** `other`: who is signed in here instead, and how they sign out. */
export type SignInFirstPage = {
  username: string;
  signInUri: string;
  other?: { username: string; signOutAction: string; csrf: string } | undefined;
};

/** Renders what is shown where the account that the link belongs to is not signed in. */
export function signInFirstPage(page: Page, { username, signInUri, other }: SignInFirstPage): Html {
  const t = translator(page.locale);
  const lead = other
    ? t('verify.other_account', { username, current: other.username })
    : t('verify.sign_in_first_lead', { username });
  return layout(page, {
    title: t('verify.sign_in_first'),
    body: html`<div class="card">
      <h1>${t('verify.sign_in_first')}</h1>
      <p class="lead">${lead}</p>
      ${
        other
          ? html`<form method="post" action="${other.signOutAction}">
              ${hiddenFields({ csrf: other.csrf })}
              <div class="actions">
                <button class="button button-primary" id="sign-out" type="submit" name="decision" value="confirm">
                  ${t('account.sign_out')}
                </button>
              </div>
            </form>`
          : html`<div class="actions">
              <a class="button button-primary" id="to-sign-in" href="${signInUri}">${t('sign_in.submit')}</a>
            </div>`
      }
    </div>`,
  });
}

/** Renders what follows. */
export function emailVerifiedPage(page: Page, { accountUri }: { accountUri: string }): Html {
  return done(page, translator(page.locale)('verify.done'), accountUri);
}

/** The same of another address. */
export function confirmedEmailPage(page: Page, { accountUri }: { accountUri: string }): Html {
  return done(page, translator(page.locale)('change_email.done'), accountUri);
}

function done(page: Page, title: string, accountUri: string): Html {
  const t = translator(page.locale);
  return layout(page, {
    title,
    body: html`<div class="card">
      <h1>${title}</h1>
      <div class="actions"><a class="button" id="to-account" href="${accountUri}">${t('notice.account')}</a></div>
    </div>`,
  });
}
