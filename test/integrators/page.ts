// docs/your-library.md at work: its registrations are applied and its programs run, for one Signet and one application.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';
import { parse } from 'yaml';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { freePort } from '../../src/testing/start.ts';
import { fencesOf, fileNameOf, sectionOf, tableOf } from '../docs/markdown.ts';
import { read } from '../docs/project.ts';
import { world } from '../support/flow.ts';
import { root } from '../support/signet-process.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

export const document = 'docs/your-library.md';

/** Encoded and as it is, this one is not the same. */
export const clientSecret = 'a+b/c=0123456789%abcdef 0123456789abcdef';

export type Page = {
  readonly signet: TestSignet;
  /** The text of a block, for an application at `origin`. */
  block(name: string, origin: string): string;
  /** Applies a registration of the page, with what differs for its only client. */
  register(name: string, origin: string, change?: object): Promise<void>;
  /** The file that a program of the page is in, under its own name; `change` replaces parts of its text, which must be there. */
  file(name: string, origin: string, change?: Readonly<Record<string, string>>): Promise<string>;
  /** What a program of the page exports; `change` replaces parts of its text, which must be there. */
  program<T>(name: string, origin: string, change?: Readonly<Record<string, string>>): Promise<T>;
  /** How the secret came to the token endpoint since this was asked, in the words of the page. */
  secretsCame(): string[];
  close(): Promise<void>;
};

/** How the secret of a library comes, as the page has it. */
export async function secretOf(library: string): Promise<string> {
  const [head, ...rows] = tableOf(sectionOf(await read(document), 'Tried by a test'));
  return rows.find(([name]) => name!.includes(`\`${library}\``))![head!.indexOf('Secret')]!;
}

export async function openPage(): Promise<Page> {
  const fences = fencesOf(await read(document));
  const directory = await mkdtemp(join(tmpdir(), 'signet-library-'));
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  vi.stubEnv('CLIENT_SECRET', clientSecret);
  vi.stubEnv('COOKIE_SECRET', 'what the cookies of the application are sealed with');
  const signet = await startSignet({ provision: { users: world.users } });
  let loaded = 0;
  const came = new Set<string>();
  // Of every server in this process: of Signet too, whichever way a library calls it.
  const listen = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    if (request.url === '/oauth/token') came.add(howSecretCame(request.headers.authorization));
  };
  subscribe('http.server.request.start', listen);
  const block = (name: string, origin: string) => {
    const fence = fences.find((one) => fileNameOf(one) === name);
    if (!fence) throw new Error(`${document} has no block ${name}.`);
    return fence.text
      .replaceAll('http://localhost:3000', signet.issuer)
      .replaceAll('http://localhost:8080', origin)
      .replaceAll('replace-this-by-32-or-more-random-characters', JSON.stringify(clientSecret))
      .replaceAll("'signet/verifier'", `'${pathToFileURL(join(root, 'src/verifier/verifier.ts')).href}'`);
  };
  return {
    signet,
    block,
    async register(name, origin, change = {}) {
      const file = parse(block(name, origin)) as ProvisioningFile;
      await signet.provision({ ...file, clients: file.clients!.map((client) => ({ ...client, ...change })) });
    },
    async file(name, origin, change = {}) {
      await writeFile(join(directory, name), changed(name, block(name, origin), change));
      return join(directory, name);
    },
    async program<T>(name: string, origin: string, change: Readonly<Record<string, string>> = {}) {
      // A name of its own: a module that was loaded is not loaded again.
      const path = join(directory, `${(loaded += 1)}-${name}`);
      await writeFile(path, changed(name, block(name, origin), change));
      return import(pathToFileURL(path).href) as Promise<T>;
    },
    secretsCame() {
      const found = [...came];
      came.clear();
      return found;
    },
    async close() {
      unsubscribe('http.server.request.start', listen);
      vi.unstubAllEnvs();
      await signet.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function changed(name: string, text: string, change: Readonly<Record<string, string>>): string {
  return Object.entries(change).reduce((done, [from, to]) => {
    if (!done.includes(from)) throw new Error(`${name} has no ${from}.`);
    return done.replaceAll(from, to);
  }, text);
}

function howSecretCame(authorization: string | undefined): string {
  if (authorization === undefined) return 'in the form';
  const pair = Buffer.from(authorization.replace(/^Basic /i, ''), 'base64').toString();
  return pair.endsWith(`:${clientSecret}`) ? 'Basic, as it is' : 'Basic, encoded';
}

/** Where an application will be. */
export async function freeOrigin(): Promise<string> {
  return `http://localhost:${await freePort()}`;
}

/** Serves an application at `origin`, which ends at the end of the scope. */
export async function serveAt(origin: string, application: RequestListener): Promise<AsyncDisposable> {
  const server = createServer(application);
  await new Promise<void>((resolve) => server.listen(Number(new URL(origin).port), 'localhost', resolve));
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
