// A folder like a fresh checkout, with a Signet that runs in it: where the documents' commands are typed.
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from '../../src/testing/start.ts';
import { root, type SignetProcess, startProcess } from '../support/signet-process.ts';
import { openTerminal, type Terminal } from './terminal.ts';

export type Checkout = {
  readonly signet: SignetProcess;
  readonly terminal: Terminal;
  /** The issuer: what the documents call http://localhost:3000. */
  readonly base: string;
  /** The text of a document with the ports of this checkout in place of 3000 and of those that its applications use. */
  here(text: string): string;
  write(name: string, text: string): Promise<void>;
  /** What a program of a document exports. */
  program<T>(name: string): Promise<T>;
  close(): Promise<void>;
};

/** The ports that documents show for applications; another process of this machine may listen there. */
const applicationPorts = ['8080', '8090', '4001', '4002', '4003'];

export async function openCheckout(): Promise<Checkout> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-docs-'));
  // PostgreSQL must be able to pass through it, also when this is root.
  await chmod(directory, 0o755);
  for (const name of ['package.json', 'bin', 'src', 'examples', 'migrations', 'node_modules'])
    await symlink(join(root, name), join(directory, name));
  await standInForBuild(directory);
  const port = await freePort();
  const ports = new Map<string, number>();
  for (const shown of applicationPorts) ports.set(shown, await freePort());
  const base = `http://localhost:${port}`;
  const env = { PORT: String(port), DATA_DIR: join(directory, '.data') };
  const signet = await startProcess(env);
  const terminal = openTerminal(directory, env);
  return {
    signet,
    terminal,
    base,
    here: (text) =>
      text
        .replaceAll('localhost:3000', new URL(base).host)
        .replaceAll('localhost%3A3000', encodeURIComponent(new URL(base).host))
        .replaceAll(new RegExp(`\\b(?:${applicationPorts.join('|')})\\b`, 'g'), (shown) => String(ports.get(shown))),
    async write(name, text) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text);
    },
    program: <T>(name: string) => import(pathToFileURL(join(directory, name)).href) as Promise<T>,
    async close() {
      await terminal.close();
      signet.kill('SIGINT');
      await signet.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What `npm run build` makes of `signet/verifier`, as far as imports can tell: the source, under the names of package.json. */
async function standInForBuild(directory: string): Promise<void> {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { default: string }>;
  };
  for (const [name, { default: file }] of Object.entries(exports)) {
    if (!name.startsWith('./verifier')) continue;
    const source = file.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts');
    const path = join(directory, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `export * from '../../${source}';\n`);
  }
}
