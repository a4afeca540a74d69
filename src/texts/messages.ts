// The texts of the pages: ICU MessageFormat catalogues, and which of them a browser gets.
import { IntlMessageFormat } from 'intl-messageformat';
import ar from './locales/ar.json' with { type: 'json' };
import de from './locales/de.json' with { type: 'json' };
import en from './locales/en.json' with { type: 'json' };
import es from './locales/es.json' with { type: 'json' };
import fr from './locales/fr.json' with { type: 'json' };
import it from './locales/it.json' with { type: 'json' };
import ja from './locales/ja.json' with { type: 'json' };
import nl from './locales/nl.json' with { type: 'json' };
import pt from './locales/pt.json' with { type: 'json' };

/** The name of a text; `en.json` is the list of them. */
export type MessageKey = keyof typeof en;

/** True when there is a text of this name. */
export function hasMessage(key: string): key is MessageKey {
  return Object.hasOwn(en, key);
}

/** Every catalogue, by its language. */
export const catalogues = { en, de, fr, es, it, pt, nl, ja, ar } satisfies Record<string, Record<MessageKey, string>>;

/** A language that there is a catalogue for. */
export type Locale = keyof typeof catalogues;

/** Gives the text of a key in one language. Values go in as they are: html`` escapes the result. */
export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string;

const fallback: Locale = 'en';
const compiled = new Map<string, IntlMessageFormat>();

/** The texts of one language. */
export function translator(locale: Locale): Translate {
  return (key, values = {}) => {
    const id = `${locale}:${key}`;
    let message = compiled.get(id);
    if (message === undefined) {
      message = new IntlMessageFormat(catalogues[locale][key], locale, undefined, { ignoreTag: true });
      compiled.set(id, message);
    }
    const isolated = Object.entries(values).map(([name, value]) => [name, isolate(value, locale)]);
    return String(message.format(Object.fromEntries(isolated)));
  };
}

/** The direction that a language is written in. */
export function direction(locale: Locale): 'ltr' | 'rtl' {
  return locale === 'ar' ? 'rtl' : 'ltr';
}

/**
 * The language for a browser: the application's `ui_locales` (OpenID Connect Core section 3.1.2.1) before the
 * browser's Accept-Language (RFC 9110 section 12.5.4), each tag looked up as RFC 4647 section 3.4 says.
 */
export function negotiateLocale(uiLocales: string | undefined, acceptLanguage: string | undefined): Locale {
  const asked = (uiLocales ?? '').split(/\s+/, maximumTags);
  for (const tag of [...asked, ...byQuality(acceptLanguage ?? '')]) {
    const locale = lookUp(tag);
    if (locale !== undefined) return locale;
  }
  return fallback;
}

// Caps the tags read from the header.
const maximumTags = 20;

function byQuality(header: string): string[] {
  return header
    .split(',', maximumTags)
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
      const quality = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2) ?? '1';
      return { tag, quality: Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((one, other) => other.quality - one.quality)
    .map(({ tag }) => tag);
}

function lookUp(tag: string): Locale | undefined {
  // RFC 5646 4.4.1: no language tag needs more.
  let rest = tag.length > 35 ? '' : tag.toLowerCase();
  while (rest !== '') {
    if (Object.hasOwn(catalogues, rest)) return rest as Locale;
    rest = rest.slice(0, Math.max(rest.lastIndexOf('-'), 0));
  }
  return undefined;
}

const bidiControls = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const rightToLeft = /\p{Script=Arabic}|\p{Script=Hebrew}|\p{Script=Syriac}|\p{Script=Thaana}|\p{Script=Nko}/u;

/** Keeps a name that runs against the sentence, or that carries direction marks, from reordering the words around it. */
function isolate(value: string | number, locale: Locale): string | number {
  if (typeof value === 'number') return value;
  const plain = value.replace(bidiControls, '');
  const runsAgainst = direction(locale) === 'rtl' || rightToLeft.test(plain);
  return runsAgainst ? `\u2068${plain}\u2069` : plain;
}
