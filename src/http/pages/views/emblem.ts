// The picture that stands for a client or a person: the logo, else the first letter of the name.
import { html, type Html } from '../../../texts/html.ts';
import { webLink } from './links.ts';

/** A decorative picture; the name must stand beside it as text. */
export function emblem(name: string, logoUri?: string): Html {
  const logo = webLink(logoUri);
  if (logo !== undefined) {
    return html`<img class="emblem" src="${logo}" alt="" referrerpolicy="no-referrer" />`;
  }
  return html`<span class="emblem emblem-letter" aria-hidden="true">${firstLetter(name)}</span>`;
}

function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment.toLocaleUpperCase('und') ?? '';
}
