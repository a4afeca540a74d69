// The script of pages: it shows the buttons that need one, and does what they say. Without it nothing is missing but them.
import { html, type Html } from '../../../texts/html.ts';

/** Belongs behind the buttons. Its text is always the same, so that the page's policy can name it by its hash. */
export const conveniences: Html = html`<script>
  for (const button of document.querySelectorAll('button[data-reveal]')) {
    const input = document.getElementById(button.dataset.reveal);
    const show = (shown) => {
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
    };
    button.addEventListener('click', () => show(input.type === 'password'));
    // Browsers remember what is typed into inputs of text.
    input.closest('form').addEventListener('submit', () => show(false));
    button.hidden = false;
  }
  for (const button of document.querySelectorAll('button[data-copy]')) {
    button.addEventListener('click', async () => {
      const codes = document.querySelectorAll('#' + button.dataset.copy + ' code');
      await navigator.clipboard.writeText(Array.from(codes, (code) => code.textContent).join('\\n'));
      document.getElementById(button.dataset.tell).textContent = button.dataset.done;
    });
    button.hidden = !navigator.clipboard;
  }
  for (const form of document.querySelectorAll('form[data-once]')) {
    form.addEventListener('submit', (sending) => {
      if (form.dataset.once === 'sent') sending.preventDefault();
      form.dataset.once = 'sent';
      // Whoever stops what takes long may send it again.
      setTimeout(() => (form.dataset.once = ''), 8000);
    });
    // Back on the page by the browser's own button.
    window.addEventListener('pageshow', () => (form.dataset.once = ''));
  }
  for (const logo of document.querySelectorAll('img[data-logo]')) {
    const check = () => (logo.hidden = logo.complete && logo.naturalWidth === 0);
    logo.addEventListener('error', check);
    check();
  }
  for (const hint of document.querySelectorAll('[data-unscripted]')) hint.hidden = true;
  for (const button of document.querySelectorAll('button[data-print]')) {
    button.addEventListener('click', () => window.print());
    button.hidden = false;
  }
</script>`;
