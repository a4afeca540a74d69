// Signet's own mark, a signet ring with a keyhole cut into its seal; drawn inline, so it follows the page's colours.
import { html } from '../../../texts/html.ts';

const band = 'M8.6 15a9 9 0 1 0 14.8 0';
const seal =
  'M11.2 2h9.6a2 2 0 0 1 1.5.7l3.5 4.1a2.4 2.4 0 0 1 0 3.1l-3.5 4.1a2 2 0 0 1-1.5.7h-9.6a2 2 0 0 1-1.5-.7L6.2 9.9a2.4 2.4 0 0 1 0-3.1l3.5-4.1a2 2 0 0 1 1.5-.7Z';
const keyhole = 'M16 4.9a2.1 2.1 0 0 1 .9 4l.7 3h-3.2l.7-3a2.1 2.1 0 0 1 .9-4Z';

/** The mark, for pages of tenants without a logo; decorative, because the name stands beside it. */
export const mark = html`<svg
  class="mark"
  viewBox="0 0 32 32"
  width="32"
  height="32"
  aria-hidden="true"
  focusable="false"
>
  <path class="mark-band" fill="none" stroke="currentColor" stroke-width="2.75" d="${band}" />
  <path class="mark-seal" fill="currentColor" d="${seal}" />
  <path class="mark-keyhole" fill="currentColor" d="${keyhole}" />
</svg>`;

/** The mark as the icon of the browser's tab. */
export const markIcon =
  'data:image/svg+xml,' +
  encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="none" stroke="#3a69d8" stroke-width="3" d="${band}"/><path fill="#3a69d8" d="${seal}"/><path fill="#fff" d="${keyhole}"/></svg>`,
  );
