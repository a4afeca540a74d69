// The button that copies, and the place where it says that it did. conveniences.ts shows it and makes it work.
import { type Locale, translator } from '../../../texts/messages.ts';
import { html, type Html } from '../../../texts/html.ts';

/** `id`: of the button; `of`: of the element whose `code` elements are copied, a line each; `told`: of where it is confirmed. */
export function copyButton(locale: Locale, button: { id: string; of: string; told: string; label: string }): Html {
  return html`<button
      class="button button-link"
      id="${button.id}"
      type="button"
      hidden
      data-copy="${button.of}"
      data-tell="${button.told}"
      data-done="${translator(locale)('recovery_codes.copied')}"
    >
      ${button.label}
    </button>
    <span class="muted" id="${button.told}" role="status"></span>`;
}
