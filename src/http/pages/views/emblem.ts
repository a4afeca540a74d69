// The picture that stands for a client or a person: the logo, or the first letter of the name on a colour of its own.
import { html, type Html } from '../../../texts/html.ts';
import { webLink } from './links.ts';

/** As many as signet.css has. */
const tones = 6;

/** A decorative picture; the name must stand beside it as text. A logo that cannot be had gives way to the letter behind it. */
export function emblem(name: string, logoUri?: string): Html {
  const logo = webLink(logoUri);
  return html`<span class="emblem emblem-${toneOf(name)}" aria-hidden="true"
    >${firstLetter(name)}${
      logo !== undefined &&
      html`<img class="emblem-logo" src="${logo}" alt="" referrerpolicy="no-referrer" data-logo />`
    }</span
  >`;
}

function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment.toLocaleUpperCase('und') ?? '';
}

/** The same for the same name, wherever it is shown. */
function toneOf(name: string): number {
  return Array.from(name).reduce((sum, character) => (sum * 31 + character.codePointAt(0)!) % 9973, 7) % tones;
}
