// The page that carries an authorization response to the client by POST (OAuth 2.0 Form Post Response Mode).
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';
import { hostOf } from './links.ts';

/** What the page posts, and where. */
export type FormPost = {
  /** The client's redirect URI. */
  action: string;
  fields: Record<string, string>;
  /** The nonce of the Content-Security-Policy of this response. */
  nonce: string;
};

/** Renders the page; it submits itself, and has a button for browsers that run no scripts. */
export function formPostPage(page: Page, model: FormPost): Html {
  // A form can only be posted over the web, and a script's address as its action would run here.
  if (!/^https?:/i.test(model.action)) throw new TypeError('form_post needs an http or https redirect URI');
  const t = translator(page.locale);
  return layout(page, {
    title: t('form_post.title'),
    isScripted: true,
    body: html`<div class="card">
        <h1>${t('form_post.title')}</h1>
        <p class="lead">${t('form_post.lead', { host: hostOf(model.action) })}</p>
        <p>${t('form_post.hint')}</p>
        <form method="post" action="${model.action}">
          ${hiddenFields(model.fields)}
          <div class="actions">
            <button class="button" id="form-post-submit" type="submit">${t('form_post.submit')}</button>
          </div>
        </form>
      </div>
      ${submitNow(model.nonce)}`,
  });
}

// By way of the prototype, because a field named "submit" would stand before the form's own method.
function submitNow(nonce: string): Html {
  return html`<script nonce="${nonce}">
    HTMLFormElement.prototype.submit.call(document.forms[0]);
  </script>`;
}
