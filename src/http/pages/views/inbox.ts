// The page that shows what would have been sent.
import { html, type Html } from '../../../texts/html.ts';
import { type Locale, translator } from '../../../texts/messages.ts';
import type { InboxMessage } from '../../../flows/outbox/inbox.ts';
import { fact } from './fact.ts';
import { layout, type Page } from './layout.ts';
import { moment } from './moment.ts';

export type Inbox = { messages: readonly Omit<InboxMessage, 'id'>[] };

/** Renders the list, the newest first. */
export function inboxPage(page: Page, { messages }: Inbox): Html {
  const t = translator(page.locale);
  return layout(page, {
    title: t('inbox.title'),
    wide: true,
    body: html`<div class="card">
      <h1>${t('inbox.title')}</h1>
      <p class="lead">${t(messages.length === 0 ? 'inbox.empty' : 'inbox.lead')}</p>
      ${
        messages.length > 0 &&
        html`<ul class="rows">
          ${messages.map((message) => row(message, page.locale))}
        </ul>`
      }
    </div>`,
  });
}

function row({ tenant, purpose, to, subject, text, at }: Inbox['messages'][number], locale: Locale): Html {
  const t = translator(locale);
  return html`<li class="row">
    <div class="row-body">
      <h2 class="row-title"><bdi>${subject ?? t('inbox.sms')}</bdi></h2>
      <dl class="facts">
        ${[
          fact(t('inbox.to'), html`<bdi>${to}</bdi>`),
          fact(t('inbox.at'), moment(new Date(at).toISOString(), locale)),
          fact(t('inbox.purpose'), html`<code dir="ltr">${purpose}</code> (${tenant})`),
        ]}
      </dl>
      <div class="mail" dir="auto">${text.split('\n').map(line)}</div>
    </div>
  </li>`;
}

/** A link stands alone on its line. */
function line(text: string): Html {
  if (text.trim() === '') return html`<br />`;
  return html`<p>${/^https?:\/\/\S+$/.test(text) ? html`<a href="${text}">${text}</a>` : text}</p>`;
}
