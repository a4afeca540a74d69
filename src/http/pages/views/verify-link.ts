// The pages of a link that signs somebody in: the question, and that it is somebody else's to answer.
import { html, type Html } from '../../../texts/html.ts';
import { translator } from '../../../texts/messages.ts';
import { hiddenFields } from './form-parts.ts';
import { layout, type Page } from './layout.ts';

export type VerifyLink = { action: string; token: string; username: string; clientName?: string | undefined };

/** Renders the question, in the browser that asked for the link. */
export function verifyLinkPage(page: Page, model: VerifyLink): Html {
  const t = translator(page.locale);
  const { username, clientName: client } = model;
  return layout(page, {
    title: t('link.title', { username }),
    body: html`<div class="card">
      <h1>${t('link.title', { username })}</h1>
      <p class="lead">${client === undefined ? t('link.lead') : t('link.lead_client', { client })}</p>
      <form method="post" action="${model.action}">
        ${hiddenFields({ token: model.token })}
        <div class="actions">
          <button class="button button-primary" id="link-submit" type="submit">${t('sign_in.submit')}</button>
        </div>
      </form>
    </div>`,
  });
}

/** Renders where to go, in every other browser. It says nothing of whose link it is. */
export function linkElsewherePage(page: Page): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('link.elsewhere_title'),
    body: html`<div class="card">
      <h1>${t('link.elsewhere_title')}</h1>
      <p class="lead">${t('link.elsewhere')}</p>
    </div>`,
  });
}
