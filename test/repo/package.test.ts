// The package: what is in it, and that `signet/testing` and the command work in a project outside of this repository.
//
// The project gets the tarball as real files and links to the packages that it depends on, as npm would have installed
// them: an `npm ci --offline` needs what an earlier one left in npm's cache, which other machines do not have.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../src/testing/start.ts';
import { plainVerifier } from '../support/plain-verifier.ts';
import { postgresProcesses, root } from '../support/signet-process.ts';

const patience = 180_000;

type Lock = { packages: Record<string, { dev?: true; devOptional?: true; bin?: Record<string, string> }> };

let project: string;
let packed: string[];

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'signet-package-'));
  await run('npm', ['pack', '--pack-destination', project], root);
  const [tarball = ''] = await readdir(project);
  const installed = join(project, 'node_modules/signet');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  packed = await readdir(installed, { recursive: true, withFileTypes: true }).then((entries) =>
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1)),
  );
  await linkBin('signet', { signet: 'bin/signet.js' });
  await linkDependencies();
  await writeExample();
}, patience);
afterAll(() => rm(project, { recursive: true, force: true }));

/** Runs a command in the project, on its path as npm sets it, and gives what it wrote to standard output. */
async function run(command: string, args: readonly string[], cwd = project): Promise<string> {
  const env = npmEnvironment(cwd);
  try {
    return (await promisify(execFile)(command, args, { cwd, env, maxBuffer: 10_000_000 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

function npmEnvironment(cwd: string) {
  return {
    PATH: [join(cwd, 'node_modules/.bin'), ...machinePath()].join(delimiter),
    HOME: process.env['HOME'],
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    NO_COLOR: '1',
  };
}

function machinePath(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
}

/** What the lockfile calls needed in production, and what the example needs besides. */
async function linkDependencies(): Promise<void> {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const alsoUsed = ['vitest', 'typescript', 'openid-client', '@types/node'];
  for (const [path, { dev, devOptional, bin }] of Object.entries(packages)) {
    const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1];
    if (name === undefined || !existsSync(join(root, path))) continue;
    if ((dev ?? devOptional) && !alsoUsed.includes(name)) continue;
    await mkdir(dirname(join(project, path)), { recursive: true });
    await symlink(join(root, path), join(project, path));
    await linkBin(name, bin);
  }
}

async function linkBin(name: string, bin: Record<string, string> = {}): Promise<void> {
  const folder = join(project, 'node_modules/.bin');
  await mkdir(folder, { recursive: true });
  for (const [command, file] of Object.entries(bin)) await symlink(join('..', name, file), join(folder, command));
}

/** Every block of the document that names its file, and what such a project has besides. */
async function writeExample(): Promise<void> {
  const document = await readFile(join(root, 'docs/testing-your-app.md'), 'utf8');
  for (const [, name, text] of document.matchAll(/^```ts\n\/\/ (\S+)\n([^]*?)^```$/gm))
    await writeFile(join(project, name!), text!);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    skipLibCheck: false,
    noEmit: true,
  };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'shop', private: true, type: 'module' }));
}

test('the document installs every package that its example imports, and says that it consists of modules', async () => {
  const document = await readFile(join(root, 'docs/testing-your-app.md'), 'utf8');
  const [, commands = ''] = /```sh\n(mkdir shop[^]*?)```/.exec(document) ?? [];
  expect(commands).toContain('npm pkg set type=module');
  const imported = [...document.matchAll(/^import .* from '([^.':]+)';$/gm)].map(([, name]) => name!.split('/')[0]!);
  expect(new Set(imported)).toEqual(new Set(['fastify', 'jose', 'openid-client', 'signet', 'vitest']));
  const installed = [...commands.matchAll(/^npm install (.*)$/gm)].flatMap(([, names]) => names!.split(' '));
  expect(imported.filter((name) => !installed.some((one) => one === name || one.startsWith(`../${name}/`)))).toEqual(
    [],
  );
});

test('holds what runs and nothing else: no source, no test, no secret, no path of this machine', async () => {
  const mayBeThere =
    /^(?:bin\/signet\.js|dist\/[\w/-]+\.(?:js|d\.ts)|dist\/http\/pages\/signet\.css|dist\/texts\/locales\/\w+\.json|migrations\/\d{4}_\w+\.sql|package\.json|README\.md|LICENSE)$/;
  expect(packed.filter((file) => !mayBeThere.test(file))).toEqual([]);
  for (const file of packed) {
    const text = await readFile(join(project, 'node_modules/signet', file), 'utf8');
    expect(text.includes(root), file).toBe(false);
    expect(text, file).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----\n/);
  }
});

test('holds everything that the source has, and what its exports name', async () => {
  const source = await readdir(join(root, 'src'), { recursive: true, withFileTypes: true });
  const wanted = source
    .filter((entry) => entry.isFile())
    .map((entry) => join('dist', join(entry.parentPath, entry.name).slice(join(root, 'src').length)))
    .map((file) => file.replace(/\.ts$/, '.js'));
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | Record<string, string>>;
  };
  const named = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? target : Object.values(target),
  );
  const migrations = (await readdir(join(root, 'migrations'))).map((name) => join('migrations', name));
  expect(
    [...wanted, ...named.map((path) => join(path)), ...migrations].filter((file) => !packed.includes(file)),
  ).toEqual([]);
});

test(
  'the example of the documents compiles there, also the declarations of what it imports',
  async () => {
    expect(await run('tsc', ['--pretty', 'false'])).toBe('');
  },
  patience,
);

test(
  'the tests of the example pass there, on the Node that was installed: its users sign in by the code flow',
  async () => {
    const results = join(project, 'results.json');
    await run('vitest', ['run', '--reporter=json', `--outputFile=${results}`, '--testTimeout=60000']);
    const { numPassedTests, numTotalTests } = JSON.parse(await readFile(results, 'utf8')) as Record<string, number>;
    expect([numPassedTests, numTotalTests]).toEqual([5, 5]);
    expect(await run('node', ['once.ts'])).toBe('signed in\n');
    expect((await run('node', ['--version'])).trim()).toBe(process.version);
    expect(await readdir(join(project, 'node_modules/.cache/signet'))).toHaveLength(1);
  },
  patience,
);

test(
  'the installed command runs and works, also when it is started by a Node that is too old',
  async () => {
    await writeFile(join(project, 'demo.yaml'), 'users: [{ username: ada, password: long enough for a file }]\n');
    await mkdir(join(project, '.data'));
    await chmod(project, 0o711);
    expect(await run('signet', ['apply', 'demo.yaml'])).toContain('created    user ada\n');
    expect(await postgresProcesses(project)).toEqual([]);
    // What the file looks at before anything else.
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } })`;
    const old = ['--import', `data:text/javascript,${encodeURIComponent(older)}`, 'node_modules/.bin/signet'];
    expect(await run('node', [...old, '--help'])).toContain('Usage: signet');
  },
  patience,
);

test(
  '`npx signet serve` starts in an empty folder, with a database of its own, and ends when it is told to',
  async () => {
    const folder = join(project, 'empty');
    await mkdir(folder);
    await chmod(folder, 0o711);
    await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
    const port = await freePort();
    const child = spawn('npx', ['signet', 'serve'], {
      cwd: folder,
      env: { ...npmEnvironment(folder), PORT: String(port), LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    try {
      await expect.poll(() => output, { timeout: patience }).toContain(`Signet is ready at http://localhost:${port}`);
      expect(output).toMatch(new RegExp(`http://localhost:${port}/setup\\?token=sgu_`));
      const discovery = await fetch(`http://localhost:${port}/.well-known/openid-configuration`);
      expect(await discovery.json()).toMatchObject({ issuer: `http://localhost:${port}` });
      expect(await readdir(folder)).toContain('.data');
    } finally {
      // As Ctrl-C does: to all that the terminal runs, because npx passes nothing on.
      process.kill(-child.pid!, 'SIGTERM');
      await ended;
    }
    expect(await postgresProcesses(folder)).toEqual([]);
  },
  patience,
);

test('can be published: it is not private, and says what it is', async () => {
  const manifest = JSON.parse(await readFile(join(project, 'node_modules/signet/package.json'), 'utf8')) as object;
  expect(manifest).not.toHaveProperty('private');
  expect(manifest).toMatchObject({ name: 'signet', bin: { signet: 'bin/signet.js' }, license: 'Apache-2.0' });
  expect(packed).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'package.json', 'bin/signet.js']));
});

test('signet/verifier needs jose and nothing else of what Signet does', async () => {
  const api = join(project, 'api');
  await mkdir(join(api, 'node_modules'), { recursive: true });
  await cp(join(project, 'node_modules/signet'), join(api, 'node_modules/signet'), { recursive: true });
  await symlink(join(root, 'node_modules/jose'), join(api, 'node_modules/jose'));
  await writeFile(join(api, 'check.mjs'), plainVerifier);
  expect(await run(process.execPath, ['check.mjs'], api)).toBe(`checked on ${process.version}\n`);
});

test('a clone runs its source, also when something old was built there', async () => {
  const clone = join(project, 'clone');
  await mkdir(join(clone, 'src/cli'), { recursive: true });
  await mkdir(join(clone, 'dist/cli'), { recursive: true });
  await cp(join(root, 'bin'), join(clone, 'bin'), { recursive: true });
  await writeFile(join(clone, 'src/cli/signet.ts'), `console.log('source' satisfies string);\n`);
  await writeFile(join(clone, 'dist/cli/signet.js'), `console.log('built');\n`);
  expect(await run('node', [join(clone, 'bin/signet.js')])).toBe('source\n');
  await rm(join(clone, 'src'), { recursive: true });
  expect(await run('node', [join(clone, 'bin/signet.js')])).toBe('built\n');
});
