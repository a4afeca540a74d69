// That there were too many attempts, mails or codes, and when another is worth asking for.
import { type Locale, translator } from '../../../texts/messages.ts';

/** `retryAfter` in seconds; undefined when nobody knows. */
export function tooManyAttempts(retryAfter: number | undefined, locale: Locale): string {
  const t = translator(locale);
  return retryAfter === undefined
    ? t('sign_in.error.too_many_attempts_later')
    : t('sign_in.error.too_many_attempts', { when: fromNow(retryAfter, locale) });
}

/** The same of mails that were asked for. */
export function tooManyMails(retryAfter: number | undefined, locale: Locale): string {
  const t = translator(locale);
  return retryAfter === undefined
    ? t('mails.too_many_later')
    : t('mails.too_many', { when: fromNow(retryAfter, locale) });
}

/** The same of codes that were to be sent. */
export function tooManyCodes(retryAfter: number | undefined, locale: Locale): string {
  const t = translator(locale);
  return retryAfter === undefined
    ? t('sent.too_many_later')
    : t('sent.too_many', { when: fromNow(retryAfter, locale) });
}

/** "In 5 minutes", in the words of the language; rounded up, because coming too early only costs another attempt. */
function fromNow(seconds: number, locale: Locale): string {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole <= 90) return words.format(whole, 'second');
  if (whole <= 90 * 60) return words.format(Math.ceil(whole / 60), 'minute');
  return words.format(Math.ceil(whole / 3600), 'hour');
}
