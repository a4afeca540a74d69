// The pages of the web applications here: escaping, headers, the frame, and what is said when something fails.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

/** Markup that html`` made. */
export type Html = { readonly markup: string };

type Value = Html | string | number | readonly Html[];

/** Builds markup: values are escaped, for text and for quoted attributes, unless html`` made them. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  const parts = values.map((value, index) => render(value) + strings[index + 1]!);
  return { markup: strings[0]! + parts.join('') };
}

/** Shows something as a page. */
export type Show = (reply: FastifyReply, content: Html) => FastifyReply;

/** Gives an application its look and its error pages. In `folder` is its `icon.svg`; `script` is a file that its pages may run. */
export function pagesOf(app: FastifyInstance, name: string, folder: string, script?: string): Show {
  const javascript = 'text/javascript; charset=utf-8';
  const files: (readonly [path: string, file: string, type: string])[] = [
    ['/style.css', join(import.meta.dirname, 'style.css'), 'text/css; charset=utf-8'],
    ['/claims.js', join(import.meta.dirname, 'claims.js'), javascript],
    ['/times.js', join(import.meta.dirname, 'times.js'), javascript],
    ['/icon.svg', join(folder, 'icon.svg'), 'image/svg+xml'],
  ];
  if (script !== undefined) files.push(['/script.js', script, javascript]);
  const show: Show = (reply, content) => reply.type('text/html; charset=utf-8').send(frame(name, content).markup);

  const headers = headersOf(script === undefined ? '' : "connect-src 'self'; ");
  app.addHook('onSend', async (_request, reply) => void reply.headers(headers));
  for (const [path, file, type] of files) {
    const content = readFileSync(file, 'utf8');
    app.get(path, (_request, reply) => reply.type(type).send(content));
  }
  // A form with nothing but a button sends an empty form.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, _body, done) =>
    done(null),
  );
  app.setNotFoundHandler((_request, reply) =>
    show(reply.code(404), notice('There is no such page', html`<p>Nothing is at this address.</p>`, beginning)),
  );
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    // What went wrong is for whoever runs this, not for whoever looks at it.
    if (status >= 500) console.error(error);
    const failure = `${name} could not finish this. Wait a moment and try again.`;
    return show(
      reply.code(status),
      notice('That did not work', failed(failure), html`${signInLink('Sign in again')} ${beginning}`),
    );
  });
  return show;
}

/** A page that says one thing, and offers what to do next. */
export function notice(title: string, text: Html, actions: Html): Html {
  return html`<div class="notice">
    <h1>${title}</h1>
    ${text}
    <div class="actions">${actions}</div>
  </div>`;
}

/** Begins a sign-in. */
export function signInLink(label: string): Html {
  return html`<a class="button primary" href="/sign-in">${label}</a>`;
}

/** The page for a sign-in that failed, with what to do. */
export function failurePage(failure: string): Html {
  return notice('You are not signed in', failed(failure), signInLink('Sign in again'));
}

const beginning = html`<a class="button" href="/">Go to the beginning</a>`;

function failed(failure: string): Html {
  return html`<p class="failed" id="failed">${failure}</p>`;
}

const headersOf = (connections: string) => ({
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src 'self'; ${connections}style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

function frame(name: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en" class="${name.toLowerCase()}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${name}</title>
        <link rel="icon" href="/icon.svg" />
        <link rel="stylesheet" href="/style.css" />
        <script type="module" src="/times.js"></script>
      </head>
      <body>
        <header><img src="/icon.svg" alt="" width="40" height="40" /><span>${name}</span></header>
        <main>${content}</main>
      </body>
    </html>`;
}

function render(value: Value): string {
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}
