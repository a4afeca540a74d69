// Listeners that nobody should reach, and a server that a name which looks public leads to.
import { createServer as createHttps } from 'node:https';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:net';
import type { Guard } from '../../src/delivery/fetcher.ts';
import { freePort } from '../../src/testing/start.ts';
import { certificate } from './certificate.ts';

/** Somebody's address in the internet, which the tests never dial. */
export const publicAddress = '93.184.215.14';

export type Canary = { readonly port: number; readonly calls: () => number; close(): Promise<void> };

/** On both loopback addresses at one port, as far as this machine has them. */
export async function openCanary(hosts = ['127.0.0.1', '::1'], port?: number): Promise<Canary> {
  const at = port ?? (await freePort());
  let calls = 0;
  const servers = hosts.map(() =>
    createServer((socket) => {
      calls += 1;
      socket.destroy();
    }),
  );
  const open = await Promise.all(servers.map((server, index) => listens(server, at, hosts[index]!)));
  return {
    port: at,
    calls: () => calls,
    close: async () => {
      for (const [index, server] of servers.entries())
        if (open[index]) await new Promise((done) => void server.close(done));
    },
  };
}

function listens(server: Server, port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.on('error', () => resolve(false));
    server.listen(port, host, () => resolve(true));
  });
}

export type Elsewhere = {
  readonly port: number;
  /** For names that resolve to `publicAddress`, and lead to this server. `dialled`: what was asked for. */
  readonly guard: Guard;
  readonly dialled: string[];
  readonly seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  close(): Promise<void>;
};

/** An https server for `name`, whose certificate the guard trusts. */
export async function openElsewhere(name: string, answer: RequestListener): Promise<Elsewhere> {
  const pair = certificate(undefined, name);
  const seen: Elsewhere['seen'] = [];
  const dialled: string[] = [];
  const server = createHttps(pair, (request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      answer(request, response);
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    dialled,
    seen,
    guard: {
      allow: [],
      resolve: async () => [{ address: publicAddress, family: 4 }],
      dial: (address) => {
        dialled.push(address);
        return address === publicAddress ? '127.0.0.1' : address;
      },
      ca: pair.cert,
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
