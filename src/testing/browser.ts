// A browser without a screen, and a person in front of it who signs in and consents.
import { type Answer, send } from './http.ts';

export type AuthorizeOptions = {
  /** Without it, the password that the user was provisioned with. */
  readonly password?: string | undefined;
  /** What the person answers when asked to consent, `allow` by default; `deny` is an error where nobody asks. */
  readonly consent?: 'allow' | 'deny' | undefined;
};

export type Person = { readonly username: string; readonly password: () => string };

export type Browser = {
  /** @throws Error with what the page said. */
  authorize(url: string | URL, person: Person, consent: 'allow' | 'deny'): Promise<URL>;
};

const MOST_STEPS = 20;

export function createBrowser(issuer: string): Browser {
  const cookies = new Map<string, string>();
  const isHere = (url: URL) => url.origin === new URL(issuer).origin;

  async function go(url: URL, form?: URLSearchParams): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(url, {
      form,
      headers: {
        accept: 'text/html',
        'sec-fetch-site': form ? 'same-origin' : 'none',
        ...(cookie !== '' && { cookie }),
      },
    });
    for (const line of answer.cookies) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line) ?? [];
      if (name === undefined || value === undefined) continue;
      if (/;\s*max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  }

  return {
    async authorize(given, person, consent) {
      let url = addressAt(issuer, given);
      let form: URLSearchParams | undefined;
      let hasTyped = false;
      let wasAsked = false;
      for (let step = 0; step < MOST_STEPS; step += 1) {
        const answer = await go(url, form);
        const { body, location } = answer;
        form = undefined;
        if (location) {
          if (!isHere(location)) return assertAsked(location, person, consent, wasAsked);
          url = location;
        } else if (body.includes('id="login-password"')) {
          if (hasTyped) throw new Error(`${person.username} could not sign in: ${textOf(body, 'login-error')}`);
          hasTyped = true;
          const fields = formAround(body, 'login-password');
          fields.values.set('username', person.username);
          fields.values.set('password', person.password());
          ({ url, form } = posted(url, fields));
        } else if (body.includes('id="consent-allow"')) {
          const fields = formAround(body, 'consent-allow');
          wasAsked = true;
          fields.values.set('decision', consent);
          ({ url, form } = posted(url, fields));
        } else {
          throw new Error(whatStopped(answer));
        }
      }
      throw new Error(`Signet sent the browser on and on, last to ${url.href}`);
    },
  };
}

/** @throws Error when the person should have said no, but could not. */
function assertAsked(back: URL, { username }: Person, consent: 'allow' | 'deny', wasAsked: boolean): URL {
  if (consent === 'allow' || wasAsked || !back.searchParams.has('code')) return back;
  throw new Error(
    `${username} was not asked to consent: it was given before, or the client is first_party. Use another user, or prompt=consent`,
  );
}

function addressAt(issuer: string, given: string | URL): URL {
  const url = URL.parse(String(given));
  if (url?.origin === new URL(issuer).origin) return url;
  throw new Error(
    `authorize() needs the address at ${issuer} to which the application sends the browser, not ${String(given)}`,
  );
}

type Form = { readonly action: string; readonly values: URLSearchParams };

function posted(page: URL, { action, values }: Form): { url: URL; form: URLSearchParams } {
  return { url: new URL(action, page), form: values };
}

/** The form that holds the element with this id, with what is filled in already. */
function formAround(body: string, id: string): Form {
  const markup = [...body.matchAll(/<form\b[^]*?<\/form>/g)].find(([form]) => form.includes(`id="${id}"`))?.[0] ?? '';
  const attribute = (tag: string, name: string) => unescaped(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
  const values = new URLSearchParams();
  for (const [tag] of markup.matchAll(/<input type="hidden"[^>]*>/g))
    values.set(attribute(tag, 'name'), attribute(tag, 'value'));
  return { action: attribute(markup, 'action'), values };
}

function whatStopped({ status, body }: Answer): string {
  if (body.includes('id="form-post-submit"'))
    return 'Signet answered with a form (response_mode=form_post), which authorize() does not post: ask for response_mode=query in tests';
  if (!body.includes('id="error-code"')) return `Signet answered with ${status} and an unexpected page:\n${body}`;
  const detail = body.includes('id="error-detail"') ? ` (${textOf(body, 'error-detail')})` : '';
  return `Signet showed an error page: ${textOf(body, 'error-code')}: ${textOf(body, 'error-description')}${detail}`;
}

/** The text of an element without others in it. */
function textOf(body: string, id: string): string {
  return unescaped(new RegExp(`\\bid="${id}"[^>]*>([^<]*)`).exec(body)?.[1] ?? '').trim();
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name]!);
}
