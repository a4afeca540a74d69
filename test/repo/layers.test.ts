// The house keeps its walls: imports go inwards, and each thing stands where it belongs.
import { access, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { breaches, roomOf, type SourceFile } from '../support/layers.ts';
import { root } from '../support/signet-process.ts';

test('the source keeps every rule', async () => {
  const names = await readdir(join(root, 'src'), { recursive: true });
  const files = await Promise.all(
    names
      .filter((name) => /\.tsx?$/.test(name))
      .map(async (path): Promise<SourceFile> => ({ path, text: await readFile(join(root, 'src', path), 'utf8') })),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(breaches(files)).toEqual([]);
  expect(files.filter(({ path }) => !path.includes('/')).length).toBeLessThanOrEqual(3);
});

test.each([
  'UPDATE grants SET revoked_at',
  'UPDATE sessions SET ended_at',
  'INSERT INTO audit_events',
  'idle_expires_at > ',
])('%s stands in one fragment, on which everything that ends or is recorded depends', async (sql) => {
  const folder = join(root, 'src/storage');
  const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  const found = texts.reduce((sum, text) => sum + text.split(sql).length - 1, 0);
  expect(found).toBe(1);
});

test('the architecture document names every folder, and no other', async () => {
  const names = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const folders = names
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ parentPath }) => relative(join(root, 'src'), parentPath))
    .filter((folder) => folder !== '');
  const document = await readFile(join(root, 'docs/architecture.md'), 'utf8');
  const table = document.slice(document.indexOf('| Folder '), document.indexOf('A capability has the same name'));
  const rows = [...table.matchAll(/^\| `([a-z/-]+)` +\| [^|]+\| [^|\s][^|]*\|$/gm)].map(([, folder]) => folder!);
  expect(rows.toSorted()).toEqual([...new Set(folders)].toSorted());
});

const files = (...pairs: [path: string, text: string][]) => pairs.map(([path, text]) => ({ path, text }));
const importing = (path: string, target: string) => files([path, `import { x } from '${target}';\n`]);

describe('a planted breach is found', () => {
  test.each([
    ['http imports storage', importing('http/a.ts', '../storage/b.ts'), 'imports storage/b.ts'],
    [
      'http imports crypto for a type',
      files(['http/oauth/a.ts', "import type { T } from '../../crypto/b.ts';"]),
      'imports crypto/b.ts',
    ],
    ['storage imports crypto', importing('storage/a.ts', '../crypto/b.ts'), 'imports crypto/b.ts'],
    ['crypto imports storage', importing('crypto/a.ts', '../storage/b.ts'), 'imports storage/b.ts'],
    ['delivery imports storage', importing('delivery/a.ts', '../storage/b.ts'), 'imports storage/b.ts'],
    ['embedded imports storage', importing('embedded/a.ts', '../storage/b.ts'), 'imports storage/b.ts'],
    ['storage imports flows', importing('storage/a.ts', '../flows/b.ts'), 'imports flows/b.ts'],
    ['flows import http', importing('flows/grants/a.ts', '../../http/b.ts'), 'imports http/b.ts'],
    ['flows import config', importing('flows/a.ts', '../config/read.ts'), 'imports config/read.ts'],
    [
      'flows import the value of deps',
      importing('flows/a.ts', '../deps.ts'),
      'imports deps.ts for more than its types',
    ],
    ['deps make something', importing('deps.ts', './storage/b.ts'), 'imports storage/b.ts for more than its types'],
    ['app imports flows', importing('app.ts', './flows/b.ts'), 'imports flows/b.ts'],
    ['server is imported from inside', importing('flows/a.ts', '../start/server.ts'), 'imports start/server.ts'],
    ['the domain imports flows', importing('domain/a.ts', '../flows/b.ts'), 'imports flows/b.ts'],
    ['the domain imports a package', importing('domain/a.ts', 'node:crypto'), 'imports node:crypto'],
    [
      'an import over several lines',
      files(['http/a.ts', "import {\n  x,\n  y,\n} from '../storage/b.ts';"]),
      'imports storage/b.ts',
    ],
    ['an export from elsewhere', files(['http/a.ts', "export * from '../storage/b.ts';"]), 'imports storage/b.ts'],
    ['an import for its effects', files(['http/a.ts', "import '../storage/b.ts';"]), 'imports storage/b.ts'],
    [
      'an import when it is needed',
      files(['http/a.ts', "const b = await import('../storage/b.ts');"]),
      'imports storage/b.ts',
    ],
    [
      'a cycle',
      [...importing('flows/a.ts', './b.ts'), ...importing('flows/b.ts', './a.ts')],
      'is in a cycle, flows/a.ts -> flows/b.ts',
    ],
    [
      'a circle of folders, by types alone',
      files(
        ['flows/users/a.ts', "import type { B } from '../clients/b.ts';"],
        ['flows/clients/b.ts', "import type { C } from '../users/c.ts';"],
        ['flows/users/c.ts', 'export type C = 1;'],
      ),
      'is in a cycle of folders, flows/users -> flows/clients -> flows/users',
    ],
    ['SQL in a flow', files(['flows/a.ts', 'send(`SELECT id\n FROM users`);']), 'has SQL'],
    ['a DELETE in a page', files(['http/a.ts', "send('DELETE FROM users');"]), 'has SQL'],
    ['the driver in a flow', importing('flows/a.ts', 'pg'), 'has SQL'],
    ['Fastify in a flow', importing('flows/a.ts', '@fastify/cookie'), 'has Fastify'],
    ['jose in a flow', importing('flows/a.ts', 'jose'), 'has cryptography'],
    ['the environment in a flow', files(['flows/a.ts', "process.env['PORT']"]), 'has process.env'],
    ['the environment by import', files(['start/server.ts', "import { env } from 'node:process';"]), 'has process.env'],
    ['the time of day in storage', files(['storage/a.ts', 'const now = Date.now();']), 'has the clock'],
    ['a date of now', files(['flows/a.ts', 'const now = new Date();']), 'has the clock'],
    ...(
      [
        ['a fetch', "await fetch('https://example.com');"],
        ['a fetch of the global object', 'globalThis.fetch(url);'],
        ['a socket', "import { connect } from 'node:net';"],
        ['a request over TLS', "import { request as ask } from 'node:https';"],
        ['a whole module that connects', "import http from 'node:http';"],
        ['a module that connects, when it is needed', "const { request } = await import('node:http');"],
        ['resolving a name', "import { isIP, lookup } from 'node:dns/promises';"],
        ['datagrams', "import * as dgram from 'node:dgram';"],
        ['a package that connects', "import { createTransport } from 'nodemailer';"],
        ['a web socket', 'new WebSocket(url);'],
      ] as const
    ).map(([what, text]) => [what, files(['flows/a.ts', text]), 'connects to something'] as const),
    ['a fetch beside the fetcher', files(['delivery/a.ts', 'fetch(url);']), 'connects to something'],
    ['dice', files(['flows/a.ts', 'Math.random() < 0.5']), 'has randomness'],
    ['a default export', files(['flows/a.ts', 'export default 1;']), 'has a default export'],
    ['a renamed default export', files(['flows/a.ts', 'export { a as default };']), 'has a default export'],
    ['a file without a name', files(['flows/utils.ts', '']), 'has no name of its own'],
    ['a folder without a name', files(['http/helpers/a.ts', '']), 'has no name of its own'],
    ['a file too long to read', files(['flows/a.ts', '\n'.repeat(401)]), 'has 401 lines'],
    ['a file of no layer', files(['stuff.ts', '']), 'is in no room'],
    ['a folder of no layer', files(['services/a.ts', '']), 'is in no room'],
  ] as [string, SourceFile[], string][])('%s', (_what, planted, problem) => {
    const [{ path }] = planted as [SourceFile];
    const room = problem.includes('of folders') ? roomOf(path) : path;
    expect(breaches(planted)).toEqual([expect.stringContaining(`${room}: ${problem}`)]);
  });
});

test('what only looks like a breach is let through', () => {
  const innocent = `// new Date() and Date.now(), SELECT a FROM b, process.env
/** import { x } from '../storage/b.ts' */
import type { Deps } from '../deps.ts';
const at = new Date(now);
const label = 'Select one from these; DELETE is not offered';
import { BlockList, isIP, type Socket } from 'node:net';
import type { Server } from 'node:https';
const kept = memory.fetch(id) ?? refetch(id);
`;
  expect(breaches(files(['http/a.ts', innocent]))).toEqual([]);
  const types = [
    ['flows/a.ts', "import type { B } from './b.ts';"],
    ['flows/b.ts', "import { a } from './a.ts';"],
  ] as [string, string][];
  expect(breaches(files(...types))).toEqual([]);
});

test('every long test of vitest.config.ts is there', async () => {
  const config = await readFile(join(root, 'vitest.config.ts'), 'utf8');
  const named = [...config.matchAll(/'(test\/[\w/-]+\.test\.ts)'/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(5);
  for (const name of named) await access(join(root, name));
});
