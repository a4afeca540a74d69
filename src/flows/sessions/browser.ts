// The browser of a session in few words, where no language is chosen.
import { browserName } from '../../texts/browser-name.ts';

/** `Chrome on Linux`; what is no browser that is known says what it is by itself. */
export function browserInShort(userAgent: string | undefined): string | undefined {
  const { browser, system } = browserName(userAgent ?? '');
  const known = [browser, system].filter((one) => one !== undefined).join(' on ');
  return known === '' ? userAgent?.split(' ', 1)[0] : known;
}
