// The frame of every page: the document, the tenant's name on top, a card, a footer.
import { conveniences } from './conveniences.ts';
import { html, type Html } from '../../../texts/html.ts';
import { direction, translator, type Locale } from '../../../texts/messages.ts';
import { webLink } from './links.ts';
import { mark, markIcon } from './mark.ts';

/** What every page needs to know, whatever it shows. */
export type Page = {
  locale: Locale;
  tenantName: string;
  logoUri?: string | undefined;
  /** The address of `signet.css`. */
  stylesheet: string;
  signedInAs?: string | undefined;
};

/** What one page puts into the frame. */
export type Content = {
  title: string;
  /** Says in the title that the page reports an error, because a screen reader reads the title first. */
  failed?: boolean | undefined;
  wide?: boolean | undefined;
  /** It has a script of its own, which is the one that may run. */
  isScripted?: boolean | undefined;
  body: Html;
};

/** What the script of `conveniences.ts` looks for. */
const hasConvenience = / data-(?:reveal|copy|print|once|logo)\b/;

/** The whole document. */
export function layout(page: Page, content: Content): Html {
  const t = translator(page.locale);
  const header = brand(page);
  const title = content.failed ? t('layout.error_title', { title: content.title }) : content.title;
  return html`<!doctype html>
    <html lang="${page.locale}" dir="${direction(page.locale)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${page.tenantName}</title>
        <link rel="icon" href="${markIcon}" />
        <link rel="stylesheet" href="${page.stylesheet}" />
      </head>
      <body>
        <div class="${content.wide ? 'frame frame-wide' : 'frame'}">
          <header class="brand">${header}</header>
          <main>${content.body}</main>
          <footer class="colophon">
            ${page.signedInAs && html`<p>${t('layout.signed_in_as', { username: page.signedInAs })}</p>`}
            <p>${t('layout.secured_by')}</p>
          </footer>
        </div>
        ${!content.isScripted && hasConvenience.test(`${String(header)}${String(content.body)}`) && conveniences}
      </body>
    </html> `;
}

function brand(page: Page): Html {
  const logo = webLink(page.logoUri);
  return html`${logo ? html`<img class="brand-logo" src="${logo}" alt="" referrerpolicy="no-referrer" data-logo />` : mark}
    <p class="brand-name"><bdi>${page.tenantName}</bdi></p>`;
}
