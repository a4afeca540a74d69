// The page that says what went wrong and what to do about it.
import { html, type Html } from '../../../texts/html.ts';
import { hasMessage, translator, type MessageKey } from '../../../texts/messages.ts';
import { layout, type Page } from './layout.ts';
import { webLink } from './links.ts';

/** What the person can do next; each is a text `error.next.…` in the catalogues. */
export type NextStep = MessageKey extends infer Key ? (Key extends `error.next.${infer Step}` ? Step : never) : never;

/** Where the link of an error page leads; each is a text `error.to.…` in the catalogues. */
export type Destination = MessageKey extends infer Key ? (Key extends `error.to.${infer To}` ? To : never) : never;

/** What the error page shows. */
export type ErrorModel = {
  code: string;
  /** Shown unless the catalogues say what this code means. */
  description: string;
  /** Finds the log lines of this request. */
  reference?: string | undefined;
  next?: NextStep | undefined;
  /** What was sent that is wrong; shown as text. */
  detail?: string | undefined;
  link?: { to: Destination; uri: string } | undefined;
};

/** Renders the error page. */
export function errorPage(page: Page, model: ErrorModel): Html {
  const t = translator(page.locale);
  const uri = webLink(model.link?.uri);
  const what = `error.what.${model.code}`;
  return layout(page, {
    title: t('error.title'),
    failed: true,
    body: html`<div class="card">
      <h1>${t('error.title')}</h1>
      <p class="lead" id="error-description" dir="auto">${hasMessage(what) ? t(what) : model.description}</p>
      <p>${t(`error.next.${model.next ?? 'tell_administrator'}`)}</p>
      ${
        model.link &&
        uri &&
        html`<div class="actions">
          <a class="button" id="error-link" href="${uri}">${t(`error.to.${model.link.to}`)}</a>
        </div>`
      }
      <dl class="facts facts-technical">
        <div class="fact">
          <dt>${t('error.code')}</dt>
          <dd><code id="error-code" dir="ltr">${model.code}</code></dd>
        </div>
        ${
          model.detail &&
          html`<div class="fact">
            <dt>${t('error.detail')}</dt>
            <dd><code id="error-detail" dir="ltr">${model.detail}</code></dd>
          </div>`
        }
        ${
          model.reference &&
          html`<div class="fact">
            <dt>${t('error.reference')}</dt>
            <dd><code id="error-reference" dir="ltr">${model.reference}</code></dd>
          </div>`
        }
      </dl>
    </div>`,
  });
}
