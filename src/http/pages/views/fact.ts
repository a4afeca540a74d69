// One line of a list of facts: what it is, and what is known.
import { html, type Html } from '../../../texts/html.ts';

/** Nothing where nothing is known. */
export function fact(term: string, detail: Html | string | false | undefined): Html | undefined {
  if (!detail) return undefined;
  return html`<div class="fact">
    <dt>${term}</dt>
    <dd>${detail}</dd>
  </div>`;
}
