// The parts that forms are made of: labelled fields, hidden fields, messages that a screen reader announces.
import { eye } from './eye.ts';
import { html, type Html, type HtmlValue } from '../../../texts/html.ts';

/** One labelled input. */
export type Field = {
  id: string;
  name: string;
  label: string;
  type: 'text' | 'email' | 'tel' | 'password';
  autocomplete: 'username' | 'email' | 'tel' | 'current-password' | 'new-password' | 'one-time-code' | 'off';
  /** Digits only: telephones show the keys for them. */
  numeric?: boolean | undefined;
  value?: string | undefined;
  hint?: string | undefined;
  error?: string | undefined;
  invalid?: boolean | undefined;
  /** The id of a message elsewhere on the page that says what is wrong with this input. */
  describedBy?: string | undefined;
  autofocus?: boolean | undefined;
  /** It may stay empty. */
  isOptional?: boolean | undefined;
  /** Of a password: the name of the button that shows it. */
  reveal?: string | undefined;
};

/** A label, an input, and what is said about it, tied together for assistive technology. */
export function field(input: Field): Html {
  const hintId = input.hint ? `${input.id}-hint` : undefined;
  const errorId = input.error ? `${input.id}-error` : undefined;
  const described = [errorId, input.describedBy, hintId].filter((id) => id !== undefined).join(' ');
  const invalid = input.invalid ?? input.error !== undefined;
  return html`<div class="field">
    <label for="${input.id}">${input.label}</label>
    ${input.hint && html`<p class="hint" id="${hintId}">${input.hint}</p>`}
    ${input.error && html`<p class="field-error" id="${errorId}">${input.error}</p>`}
    ${input.reveal === undefined ? inputOf(input, described, invalid) : withReveal(input.id, input.reveal, inputOf(input, described, invalid))}
  </div>`;
}

/** The field for an e-mail address: a page has one. */
export function emailField(input: Pick<Field, 'label' | 'value' | 'error' | 'describedBy' | 'autofocus'>): Html {
  return field({ id: 'email', name: 'email', type: 'email', autocomplete: 'email', ...input });
}

function inputOf(input: Field, described: string, invalid: boolean): Html {
  return html`<input
    id="${input.id}"
    name="${input.name}"
    type="${input.type}"
    autocomplete="${input.autocomplete}"
    ${[
      !input.isOptional && html`required`,
      input.value ? html` value="${input.value}"` : undefined,
      described !== '' && html` aria-describedby="${described}"`,
      invalid && html` aria-invalid="true"`,
      input.numeric === true && html` inputmode="numeric"`,
      input.autofocus === true && html` autofocus`,
      input.type !== 'password' && html` autocapitalize="none" autocorrect="off" spellcheck="false"`,
    ]}
  />`;
}

/** The button is there for who runs the page's script alone. */
function withReveal(id: string, name: string, input: Html): Html {
  return html`<div class="reveal">
    ${input}<button
      type="button"
      hidden
      data-reveal="${id}"
      aria-controls="${id}"
      aria-label="${name}"
      aria-pressed="false"
    >
      ${eye}
    </button>
  </div>`;
}

/** Hidden inputs; those without a value are left out. */
export function hiddenFields(values: Record<string, string | undefined>): Html[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`);
}

/** A message about what went wrong, announced as soon as the page is there. */
export function alert(id: string, body: HtmlValue): Html {
  return html`<div class="notice notice-error" id="${id}" role="alert">${body}</div>`;
}

/** A message about what has been done; `info`: about what there is to know. */
export function status(text: string, kind: 'done' | 'info' = 'done'): Html {
  return html`<p class="notice notice-${kind}" role="status">${text}</p>`;
}
