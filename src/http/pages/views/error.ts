// The page that says what went wrong and what to do about it.
import { html, type Html } from '../../../texts/html.ts';
import { hasMessage, translator, type MessageKey } from '../../../texts/messages.ts';
import { copyButton } from './copy-button.ts';
import { layout, type Page } from './layout.ts';
import { webLink } from './links.ts';

/** What the person can do next; each is a text `error.next.…` in the catalogues. */
export type NextStep = MessageKey extends infer Key ? (Key extends `error.next.${infer Step}` ? Step : never) : never;

/** Where the link of an error page leads; each is a text `error.to.…` in the catalogues. */
export type Destination = MessageKey extends infer Key ? (Key extends `error.to.${infer To}` ? To : never) : never;

/** What kind of thing went wrong, which is the title; each is a text `error.title.…` in the catalogues. */
export type ErrorKind = MessageKey extends infer Key ? (Key extends `error.title.${infer Kind}` ? Kind : never) : never;

/** What the error page shows. */
export type ErrorModel = {
  code: string;
  kind?: ErrorKind | undefined;
  /** Shown unless the catalogues say what this code means. In English. */
  description: string;
  /** Finds the log lines of this request. */
  reference?: string | undefined;
  /** Milliseconds. */
  at?: number | undefined;
  next?: NextStep | undefined;
  /** What was sent that is wrong; shown as text. */
  detail?: string | undefined;
  link?: { to: Destination; uri: string } | undefined;
  /** The application that waits; goes before `link`. */
  application?: { name: string; uri: string } | undefined;
};

/** Renders the error page. */
export function errorPage(page: Page, model: ErrorModel): Html {
  const t = translator(page.locale);
  const title = model.kind === undefined ? t('error.title') : t(`error.title.${model.kind}`);
  const what = `error.what.${model.code}`;
  const known = hasMessage(what) ? t(what) : undefined;
  return layout(page, {
    title,
    failed: true,
    body: html`<div class="card">
      <h1>${title}</h1>
      <p class="lead" id="error-description" ${known === undefined && html` lang="en"`} dir="auto">
        ${known ?? model.description}
      </p>
      <p>${t(`error.next.${model.next ?? 'tell_administrator'}`)}</p>
      ${ways(page, model)} ${details(page, model, known ?? model.description)}
    </div>`,
  });
}

function ways(page: Page, { application, link }: ErrorModel): Html | undefined {
  const t = translator(page.locale);
  const back = webLink(application?.uri);
  const uri = webLink(link?.uri);
  if (back === undefined && uri === undefined) return undefined;
  return html`<div class="actions actions-choice">
    ${
      application &&
      back &&
      html`<a class="button button-primary" id="error-back" href="${back}"
        >${t('sign_in.cancel', { client: application.name })}</a
      >`
    }
    ${link && uri && html`<a class="button" id="error-link" href="${uri}">${t(`error.to.${link.to}`)}</a>`}
  </div>`;
}

/** For whoever is asked for help: what the log knows it by. */
function details(page: Page, { code, detail, reference, at }: ErrorModel, description: string): Html {
  const t = translator(page.locale);
  const time = at === undefined ? undefined : new Date(at).toISOString();
  const facts = [
    { id: 'error-code', name: t('error.code'), value: code },
    { id: 'error-detail', name: t('error.detail'), value: detail },
    { id: 'error-reference', name: t('error.reference'), value: reference },
    { id: 'error-time', name: t('error.time'), value: time },
  ].filter(({ value }) => value !== undefined && value !== '');
  const copied = [description, ...facts.map(({ name, value }) => `${name}: ${value}`)].join('\n');
  return html`<div class="details">
    <dl class="facts facts-technical">
      ${facts.map(
        ({ id, name, value }) =>
          html`<div class="fact">
            <dt>${name}</dt>
            <dd><code id="${id}" dir="ltr">${value}</code></dd>
          </div>`,
      )}
    </dl>
    <p class="link-row">
      ${copyButton(page.locale, { id: 'error-copy', of: 'error-copied-text', told: 'error-copied', label: t('error.copy') })}
      <span id="error-copied-text" hidden><code>${copied}</code></span>
    </p>
  </div>`;
}
