// The picture on the button that shows a password: an eye, struck through while the password is shown.
import { html } from '../../../texts/html.ts';

/** Decorative: the button has a name. */
export const eye = html`<svg
  class="eye"
  viewBox="0 0 24 24"
  width="20"
  height="20"
  aria-hidden="true"
  focusable="false"
>
  <path
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    d="M2.5 12s3.4-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.4 6.5-9.5 6.5S2.5 12 2.5 12Z"
  />
  <circle cx="12" cy="12" r="2.75" fill="none" stroke="currentColor" stroke-width="1.75" />
  <path class="eye-strike" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" d="M4 20 20 4" />
</svg>`;
