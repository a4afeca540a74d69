// A small web server on a loopback address, for applications that tests sign in to.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';

export type LocalServer = {
  /** `http://HOST:PORT`. */
  readonly origin: string;
  close(): Promise<void>;
};

export type Reply = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

export type Visit = { readonly url: URL; readonly method: string; readonly body: string };

/** Serves `answer` under `host`, which must lead to this machine. An error becomes a page that names it. */
export async function serve(host: string, answer: (visit: Visit) => Promise<Reply> | Reply): Promise<LocalServer> {
  let origin = '';
  const server = createServer((request, response) => {
    void handle(request, response);
  });
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const reply = await readVisit(request, origin)
      .then(answer)
      .catch((error: unknown): Reply => ({ status: 500, ...htmlReply(`<pre id="failed">${inspect(error)}</pre>`) }));
    response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A page with this body. */
export function htmlReply(body: string): Reply {
  return {
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><title>Application</title><link rel="icon" href="data:,">${body}`,
  };
}

async function readVisit(request: IncomingMessage, origin: string): Promise<Visit> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
  return {
    url: new URL(request.url ?? '/', origin),
    method: request.method ?? 'GET',
    body,
  };
}
