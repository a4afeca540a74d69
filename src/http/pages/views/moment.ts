// A point in time, written for people and for programs.
import { html, type Html } from '../../../texts/html.ts';
import type { Locale } from '../../../texts/messages.ts';

/** An ISO 8601 time as the language writes it, in UTC and saying so, because the reader's time zone is not known. */
export function moment(iso: string, locale: Locale): Html {
  const format = new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  });
  const time = Date.parse(iso);
  return html`<time datetime="${iso}">${Number.isNaN(time) ? iso : format.format(time)}</time>`;
}
