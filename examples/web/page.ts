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
  const style = readFileSync(join(import.meta.dirname, 'style.css'), 'utf8');
  const icon = readFileSync(join(folder, 'icon.svg'), 'utf8');
  const show: Show = (reply, content) => reply.type('text/html; charset=utf-8').send(frame(name, content).markup);

  const headers = headersOf(script === undefined ? '' : "script-src 'self'; connect-src 'self'; ");
  app.addHook('onSend', async (_request, reply) => void reply.headers(headers));
  if (script !== undefined) {
    const content = readFileSync(script, 'utf8');
    app.get('/script.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(content));
  }
  app.get('/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(style));
  app.get('/icon.svg', (_request, reply) => reply.type('image/svg+xml').send(icon));
  // A form with nothing but a button sends an empty form.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, _body, done) =>
    done(null),
  );
  app.setNotFoundHandler((_request, reply) =>
    show(
      reply.code(404),
      html`<h1>There is no such page</h1>
        ${startAgain('Go to the beginning')}`,
    ),
  );
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const status = error.statusCode ?? 500;
    // What went wrong is for whoever runs this, not for whoever looks at it.
    if (status >= 500) console.error(error);
    return show(
      reply.code(status),
      html`<h1>That did not work</h1>
        <p class="failed" id="failed">${name} could not finish this. Wait a moment and try again.</p>
        ${startAgain('Go to the beginning')}`,
    );
  });
  return show;
}

/** The page for a sign-in that failed, with what to do. */
export function failurePage(failure: string): Html {
  return html`<h1>You are not signed in</h1>
    <p class="failed" id="failed">${failure}</p>
    ${startAgain('Back')}`;
}

/** What is known about a person, as a list of names and values. */
export function claimList(claims: Readonly<Record<string, unknown>>): Html {
  const entries = Object.entries(claims).map(
    ([name, value]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${typeof value === 'string' ? value : JSON.stringify(value)}</dd>
      </div>`,
  );
  return html`<dl>${entries}</dl>`;
}

const headersOf = (scripts: string) => ({
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; ${scripts}style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

function startAgain(label: string): Html {
  return html`<div class="actions"><a class="button" href="/">${label}</a></div>`;
}

function frame(name: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en" class="${name.toLowerCase()}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${name}</title>
        <link rel="icon" href="/icon.svg" />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <header><img src="/icon.svg" alt="" width="36" height="36" /><span>${name}</span></header>
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
