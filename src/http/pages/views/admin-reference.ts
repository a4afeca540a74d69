// The reference of the admin API: every operation, to read and to try. In English, as the API's own words are.
import { html, type Html } from '../../../texts/html.ts';
import { layout, type Page } from './layout.ts';
import { tryOut } from './try-out.ts';

/** An operation as people read it. */
export type ReferenceOperation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  /** Of the address and of the query, with what is said of them. */
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly description?: string }[];
  /** Of the body, in its order. */
  readonly fields: readonly { readonly name: string; readonly isNeeded: boolean; readonly kind: string }[];
  /** An example of a body, as JSON; undefined where none is taken. */
  readonly body: string | undefined;
  readonly bodyType: string | undefined;
  readonly answers: readonly { readonly status: string; readonly description: string }[];
};

export type ReferenceModel = {
  /** Where the API is. */
  readonly base: string;
  readonly sections: readonly { readonly name: string; readonly operations: readonly ReferenceOperation[] }[];
};

export function adminReferencePage(page: Page, { base, sections }: ReferenceModel): Html {
  return layout(
    { ...page, locale: 'en' },
    {
      title: 'Admin API',
      wide: true,
      isScripted: true,
      body: html`<div class="card reference" data-base="${base}">
          <h1>Admin API</h1>
          <p class="lead">
            Everything that administrators do here, at <code>${base}</code>. Open an operation to read what it takes and
            answers. As OpenAPI it is at <code>/openapi.json</code> below that, for who sends a token.
          </p>
          <div class="field">
            <label for="token">Access token, to try it</label>
            <input id="token" type="password" autocomplete="off" spellcheck="false" dir="ltr" />
            <p class="hint">
              A client with admin roles gets one at the token endpoint with grant_type=client_credentials. It stays on
              this page, and goes nowhere but to this API. What you try is done for real.
              <span data-unscripted>Trying needs JavaScript; reading does not.</span>
            </p>
          </div>
        </div>
        ${sections.map(
          ({ name, operations }) =>
            html`<section class="card reference">
              <h2>${name}</h2>
              ${operations.map(operation)}
            </section>`,
        )}
        ${tryOut}`,
    },
  );
}

function operation(one: ReferenceOperation): Html {
  const { id, method, path, summary, description, parameters, fields, body, bodyType, answers } = one;
  return html`<details id="${id}">
    <summary><code dir="ltr">${method} ${path}</code> <span>${summary}</span></summary>
    <div>
      <p>${description}</p>
      ${
        fields.length > 0 &&
        html`<h3>Body</h3>
          <dl class="facts">
            ${fields.map(
              ({ name, isNeeded, kind }) =>
                html`<div class="fact">
                  <dt><code dir="ltr">${name}</code></dt>
                  <dd>${isNeeded && 'Needed. '}${kind}</dd>
                </div>`,
            )}
          </dl>`
      }
      <h3>Answers</h3>
      <dl class="facts">
        ${answers.map(
          ({ status, description: meaning }) =>
            html`<div class="fact">
              <dt><code>${status}</code></dt>
              <dd>${meaning}</dd>
            </div>`,
        )}
      </dl>
      <form class="stack" data-try="${method}" data-path="${path}" data-type="${bodyType}" hidden>
        ${parameters.map((parameter) => field(id, parameter))}
        ${
          body !== undefined &&
          html`<div class="field">
            <label for="${id}-body">Body</label>
            <textarea id="${id}-body" name="body" rows="8" spellcheck="false" dir="ltr">${body}</textarea>
          </div>`
        }
        <button class="button" type="submit">Send ${method}</button>
        <pre class="mail" dir="ltr" aria-live="polite" hidden></pre>
      </form>
    </div>
  </details>`;
}

function field(id: string, { name, in: place, description }: ReferenceOperation['parameters'][number]): Html {
  const key = `${id}-${name}`;
  return html`<div class="field">
    <label for="${key}"><code dir="ltr">${name}</code></label>
    <input id="${key}" name="${name}" data-in="${place}" autocomplete="off" spellcheck="false" dir="ltr" />
    ${description !== undefined && html`<p class="hint">${description}</p>`}
  </div>`;
}
