// Serves Orchard, which is nothing but files: everything it does, it does in the browser.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import Fastify from 'fastify';
import type { Running } from '../web/environment.ts';

export type OrchardOptions = {
  /** Where Signet is: the issuer, character by character. */
  readonly issuer: string;
  readonly clientId: string;
  /** Where browsers reach it, without a slash at the end. Its redirect URI is `/` there. */
  readonly url: string;
  /** Where it listens, on this machine. */
  readonly port: number;
};

const here = (path: string) => join(import.meta.dirname, path);
const library = dirname(createRequire(import.meta.url).resolve('oidc-client-ts/package.json'));

const files: readonly (readonly [path: string, file: string, type: string])[] = [
  ['/', here('public/index.html'), 'text/html; charset=utf-8'],
  ['/app.js', here('public/app.js'), 'text/javascript; charset=utf-8'],
  ['/icon.svg', here('public/icon.svg'), 'image/svg+xml'],
  ['/style.css', here('../web/style.css'), 'text/css; charset=utf-8'],
  ['/claims.js', here('../web/claims.js'), 'text/javascript; charset=utf-8'],
  ['/times.js', here('../web/times.js'), 'text/javascript; charset=utf-8'],
  ['/oidc-client-ts.js', join(library, 'dist/browser/oidc-client-ts.min.js'), 'text/javascript; charset=utf-8'],
];

/** Starts it. @throws when the port is taken. */
export async function startOrchard({ issuer, clientId, url, port }: OrchardOptions): Promise<Running> {
  const app = Fastify({ forceCloseConnections: true });
  const headers = {
    // Scripts of nobody else, and words with nobody but Signet: what a page keeps, its scripts can read.
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${new URL(issuer).origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  app.addHook('onSend', async (_request, reply) => void reply.headers(headers));
  for (const [path, file, type] of files) {
    const content = await readFile(file);
    app.get(path, (_request, reply) => reply.type(type).send(content));
  }
  app.get('/config.json', () => ({ issuer, clientId }));
  await app.listen({ host: 'localhost', port });
  return { url, stop: () => app.close() };
}
