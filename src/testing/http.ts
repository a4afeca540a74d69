// Requests to a Signet in tests: past whatever the application's tests put in the place of `fetch`.
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

export type Answer = {
  readonly status: number;
  readonly location: URL | undefined;
  readonly cookies: readonly string[];
  readonly body: string;
};

/** Sends a request, with a form when there is one. Follows nothing. */
export async function send(
  url: string | URL,
  { form, headers = {} }: { form?: URLSearchParams | undefined; headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const body = form?.toString();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    url,
    {
      method: body === undefined ? 'GET' : 'POST',
      // A connection that is kept would keep the server from ending at once.
      agent: false,
      headers: {
        ...headers,
        ...(body !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
        }),
      },
    },
    (response) => {
      const { location, 'set-cookie': cookies = [] } = response.headers;
      text(response).then(
        (body) =>
          resolve({
            status: response.statusCode ?? 0,
            location: location === undefined ? undefined : new URL(location, url),
            cookies,
            body,
          }),
        reject,
      );
    },
  );
  sent.on('error', reject).end(body);
  return promise;
}
