// How long ago something was, in the words of the language.
import type { Locale } from '../../../texts/messages.ts';
import { html, type Html } from '../../../texts/html.ts';

/** "3 hours ago"; of less than a minute, "now". `at`, `now`: milliseconds. */
export function ago(at: number, now: number, locale: Locale): Html {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const minutes = Math.max(0, Math.floor((now - at) / 60_000));
  const text =
    minutes < 1
      ? words.format(0, 'second')
      : minutes < 60
        ? words.format(-minutes, 'minute')
        : minutes < 24 * 60
          ? words.format(-Math.floor(minutes / 60), 'hour')
          : words.format(-Math.floor(minutes / (24 * 60)), 'day');
  return html`<time datetime="${new Date(at).toISOString()}">${text}</time>`;
}
