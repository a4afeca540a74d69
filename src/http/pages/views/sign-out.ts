// The pages before and after signing out.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { appLink, webLink } from './links.ts';

/** What the page shows that asks whether to sign out. */
export type SignOutConfirm = {
  action: string;
  csrf: string;
  /** Parameters of the request, carried through the question. */
  hidden: Record<string, string>;
  clientName?: string | undefined;
  username: string;
};

/** What the page shows once the session has ended. */
export type SignedOut = {
  clientName?: string | undefined;
  returnUri?: string | undefined;
  signInUri: string;
};

/** Asks whether to sign out, because a link alone must not be able to do it. */
export function signOutConfirmPage(page: Page, model: SignOutConfirm): Html {
  const t = translator(page.locale);
  const tenant = page.tenantName;
  return layout(page, {
    title: t('sign_out.title'),
    body: html`<div class="card">
      <h1>${t('sign_out.title')}</h1>
      <p class="lead">
        ${
          model.clientName === undefined
            ? t('sign_out.lead', { tenant })
            : t('sign_out.lead_client', { tenant, client: model.clientName })
        }
      </p>
      <p class="person">${t('layout.signed_in_as', { username: model.username })}</p>
      <p>${t('sign_out.effect')}</p>
      <form method="post" action="${model.action}">
        ${hiddenFields({ ...model.hidden, csrf: model.csrf })}
        <div class="actions actions-choice">
          <button class="button button-primary" id="logout-confirm" type="submit" name="decision" value="confirm">
            ${t('sign_out.confirm')}
          </button>
          <button class="button" id="logout-cancel" type="submit" name="decision" value="cancel">
            ${t('sign_out.cancel')}
          </button>
        </div>
      </form>
    </div>`,
  });
}

/** Says that the session has ended, leads back to the client where that is allowed, and to the sign-in page. */
export function signedOutPage(page: Page, model: SignedOut): Html {
  const t = translator(page.locale);
  const back = appLink(model.returnUri);
  const signIn = webLink(model.signInUri);
  return layout(page, {
    title: t('signed_out.title'),
    body: html`<div class="card">
      <h1 id="logout-done">${t('signed_out.title')}</h1>
      <p class="lead">${t('signed_out.lead', { tenant: page.tenantName })}</p>
      <p>${t('signed_out.advice')}</p>
      <div class="actions actions-choice">
        ${
          back &&
          html`<a class="button" id="logout-return" href="${back}"
            >${
              model.clientName === undefined
                ? t('signed_out.return_unnamed')
                : t('signed_out.return', { client: model.clientName })
            }</a
          >`
        }
        ${signIn && html`<a class="button" id="logout-sign-in" href="${signIn}">${t('signed_out.sign_in')}</a>`}
      </div>
    </div>`,
  });
}
