// bin/signet.js, which whatever Node the machine has must be able to read, and which passes signals on.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { postgresProcesses, root, runSignet } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

const run = promisify(execFile);
const launcher = join(root, 'bin/signet.js');

/** The Node that the machine has besides ours, if it is an old one. */
async function oldNode(): Promise<string | undefined> {
  const machine = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  for (const folder of machine) {
    const node = join(folder, 'node');
    const { stdout } = await run(node, ['--version']).catch(() => ({ stdout: '' }));
    const major = Number(/^v(\d+)/.exec(stdout)?.[1] ?? NaN);
    if (major >= 18 && major < 24) return node;
  }
  return undefined;
}

test('it takes only what Node 18 has from modules by name', async () => {
  const imports = [...(await readFile(launcher, 'utf8')).matchAll(/^import (.+) from '(node:.+)';$/gm)];
  const taken = imports.map(([, names, from]) => `${names} of ${from}`);
  expect(taken).toEqual([
    '{ spawn } of node:child_process',
    '{ existsSync } of node:fs',
    '* as nodeModule of node:module',
    '{ dirname, join } of node:path',
    '{ fileURLToPath } of node:url',
  ]);
});

test('whoever closes the pipe early sees no stack, and a full disk is said in words', async () => {
  const typed = (line: string) => run('bash', ['-c', `${line}; echo "exit \${PIPESTATUS[0]}"`], { cwd: tmpdir() });
  const command = `'${process.execPath}' '${launcher}' secret-key new`;
  expect((await typed(`${command} > /dev/full`)).stderr).toContain('Standard output cannot be written (ENOSPC).');
  const { stdout, stderr } = await typed(`${command} | true`);
  expect([stdout, stderr]).toEqual(['exit 0\n', expect.not.stringContaining('    at ')]);
});

const old = await oldNode();
test.runIf(old !== undefined)('an old Node starts ours, and its exit code and output come through', async () => {
  const { stdout } = await run(old!, [launcher, '--help']);
  expect(stdout).toContain('Usage: signet');
  await expect(run(old!, [launcher, 'nonsense'])).rejects.toMatchObject({ code: 2 });
});

test('stopping the process that an old Node started stops the server, drained', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  try {
    // What the file looks at before anything else; the server itself must not see it.
    const older = `if (!process.env.BEHIND) {
      process.env.BEHIND = '1';
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.19.0' } });
    }`;
    const environment = {
      PORT: String(await freePort()),
      DATA_DIR: directory,
      DRAIN_SECONDS: '0',
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}`,
    };
    const signet = runSignet(['bin/signet.js', 'serve'], environment);
    await signet.says('Signet is ready');
    signet.kill('SIGTERM');
    const { code, output } = await signet.ended;
    expect([code, output]).toEqual([0, expect.stringContaining('Signet is ending')]);
    await expect.poll(() => postgresProcesses(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 20 });
  }
});
