// A browser without a screen: cookies, same-origin forms, and redirects one at a time.

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly location: string | undefined;
  readonly url: string;
};

export type Agent = {
  /** Cookies by name, of all hosts: tests use one host per agent. */
  readonly cookies: Map<string, string>;
  get(url: string, headers?: Record<string, string>): Promise<Answer>;
  /** Posts a form as one of the server's own pages would. */
  post(url: string, form: Record<string, string> | URLSearchParams, headers?: Record<string, string>): Promise<Answer>;
  /** Follows redirects by GET while they stay on `origin`; stops at the first that leaves, or at a page. */
  follow(answer: Answer, origin: string): Promise<Answer>;
};

export function createAgent(): Agent {
  const cookies = new Map<string, string>();
  const send = async (url: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    if (cookies.size > 0 && !headers.has('cookie'))
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) cookies.delete(pair.slice(0, equals));
      else cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    const location = response.headers.get('location');
    return {
      status: response.status,
      headers: response.headers,
      body: await response.text(),
      location: location === null ? undefined : new URL(location, url).href,
      url,
    };
  };
  const agent: Agent = {
    cookies,
    get: (url, headers = {}) => send(url, { headers: { accept: 'text/html', 'sec-fetch-site': 'none', ...headers } }),
    post: (url, form, headers = {}) =>
      send(url, {
        method: 'POST',
        body: new URLSearchParams(form).toString(),
        headers: {
          accept: 'text/html',
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
          ...headers,
        },
      }),
    async follow(answer, origin) {
      let current = answer;
      for (let hops = 0; hops < 10; hops += 1) {
        if (current.location === undefined || new URL(current.location).origin !== origin) return current;
        current = await agent.get(current.location);
      }
      throw new Error(`too many redirects, last to ${current.location}`);
    },
  };
  return agent;
}

/** The value of the hidden or visible form field `name` on a page. */
export function field(page: Answer, name: string): string {
  const match = new RegExp(`name="${name}"[^>]*?value="([^"]*)"|value="([^"]*)"[^>]*?name="${name}"`).exec(page.body);
  if (!match)
    throw new Error(`no field ${name} on the page at ${page.url} (${page.status}):\n${page.body.slice(0, 2000)}`);
  return (match[1] ?? match[2]!)
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}
