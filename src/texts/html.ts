// The html`` template: whatever is put into it is escaped, except what html`` itself has made.

declare const brand: unique symbol;

/** Markup that is safe to send. Only html`` makes it; its text comes out with `toString()`. */
export type Html = { readonly [brand]: never; toString(): string };

/** What may stand in an html`` template; `undefined`, `null` and `false` render nothing. */
export type HtmlValue = Html | string | number | undefined | null | false | readonly HtmlValue[];

// Membership cannot be forged by an object that looks alike, such as one parsed from JSON.
const made = new WeakSet<object>();

/** Builds markup. Values are escaped for text and for quoted attributes; attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? '';
  values.forEach((value, index) => {
    text += render(value) + (strings[index + 1] ?? '');
  });
  const result = Object.freeze({ toString: () => text });
  made.add(result);
  return result as Html;
}

function render(value: HtmlValue): string {
  if (value === undefined || value === null || value === false) return '';
  if (Array.isArray(value)) return value.map((item: HtmlValue) => render(item)).join('');
  if (typeof value === 'object' && made.has(value)) return value.toString();
  return escape(String(value));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
