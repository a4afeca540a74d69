// The script of the admin API's reference: sends what a form says, with the token that was typed, and shows what came back.
import { html, type Html } from '../../../texts/html.ts';

/** Its text is always the same, so that the page's policy can name it by its hash. */
export const tryOut: Html = html`<script>
  const base = document.querySelector('[data-base]').dataset.base;
  const token = document.getElementById('token');
  for (const hint of document.querySelectorAll('[data-unscripted]')) hint.hidden = true;
  for (const form of document.querySelectorAll('form[data-try]')) {
    form.hidden = false;
    form.addEventListener('submit', async (sending) => {
      sending.preventDefault();
      const shown = form.querySelector('pre');
      shown.hidden = false;
      shown.textContent = '…';
      const headers = { authorization: 'Bearer ' + token.value.trim() };
      const query = new URLSearchParams();
      let path = form.dataset.path;
      for (const input of form.querySelectorAll('input')) {
        if (input.value === '') continue;
        if (input.dataset.in === 'path') path = path.replace('{' + input.name + '}', encodeURIComponent(input.value));
        else if (input.dataset.in === 'query') query.set(input.name, input.value);
        else headers[input.name] = input.value;
      }
      const body = form.elements.namedItem('body');
      if (body) headers['content-type'] = form.dataset.type;
      try {
        const sent = { method: form.dataset.try, headers, credentials: 'omit', ...(body && { body: body.value }) };
        const address = base + path + (query.size > 0 ? '?' + query : '');
        const answer = await fetch(address, sent);
        const text = await answer.text();
        const told = ['etag', 'location', 'www-authenticate'].flatMap((name) =>
          answer.headers.has(name) ? [name + ': ' + answer.headers.get(name)] : [],
        );
        const isJson = (answer.headers.get('content-type') || '').includes('json;');
        const said = isJson && text ? JSON.stringify(JSON.parse(text), undefined, 2) : text.slice(0, 20000);
        shown.textContent = [answer.status + ' ' + answer.statusText, ...told, '', said].join('\\n');
      } catch (error) {
        shown.textContent = 'The request could not be sent: ' + error.message;
      }
    });
  }
</script>`;
