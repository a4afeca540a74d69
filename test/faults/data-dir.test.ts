// A DATA_DIR that cannot be used: the server ends at once with a sentence that says which, why and what to do; doctor finds it.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { examine } from '../../src/doctor/examine.ts';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { freePort } from '../../src/testing/start.ts';
import { root } from '../support/signet-process.ts';

vi.setConfig({ testTimeout: 60_000 });

// To root everything is writable: then an ordinary user tries.
const isRoot = process.getuid?.() === 0;
const uid = isRoot ? 65_534 : process.getuid!();

/** Whether an ordinary user reaches this checkout; below /root nobody does. */
function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpen(dirname(path)));
}

/** What the commands need of this checkout, at `place`: as links where that is on the same disk. */
function copyTo(place: string): void {
  const parts = ['src', 'migrations', 'package.json', 'node_modules'].map((name) => join(root, name));
  try {
    execFileSync('cp', ['-a', '--link', ...parts, place], { stdio: 'ignore' });
  } catch {
    execFileSync('cp', ['-a', ...parts, place]);
  }
}

let checkout = root;
let copied: string | undefined;
let directory: string;
let env: Record<string, string>;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  if (isRoot && !isOpen(root)) {
    copied = await mkdtemp(join(tmpdir(), 'signet-checkout-'));
    await chmod(copied, 0o755);
    copyTo(copied);
    checkout = copied;
  }
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await chmod(directory, 0o755);
  await writeFile(at('file'), 'not a directory');
  // One that was used while it could be written to.
  await mkdir(at('used'));
  await writeFile(at('used/postgres.lock'), '');
  await mkdir(at('closed'));
  if (isRoot) for (const name of ['used/postgres.lock', 'used', 'closed']) await chown(at(name), uid, uid);
  for (const name of ['closed', 'used']) await chmod(at(name), 0o555);
  env = { PORT: String(await freePort()), LOG_LEVEL: 'silent' };
});
afterAll(async () => {
  for (const name of ['closed', 'used']) await chmod(at(name), 0o755);
  await rm(directory, { recursive: true, force: true });
  if (copied !== undefined) await rm(copied, { recursive: true, force: true });
});

type Ended = { code: number; stderr: string; stdout: string };

function signet(dataDir: string, ...args: string[]): Promise<Ended> {
  const how = { cwd: directory, env: { PATH: process.env['PATH'], ...env, DATA_DIR: dataDir }, timeout: 50_000 };
  return new Promise((resolve) =>
    execFile(
      process.execPath.replace(`${root}/`, `${checkout}/`),
      [join(checkout, 'src/cli/signet.ts'), ...args],
      { ...how, ...(isRoot && { uid, gid: uid }) },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );
}

const another = 'set DATA_DIR to a directory that can be written to; it is made when it is not there.';
const cases: [string, string, string, string][] = [
  ['is a file', 'file', 'cannot be used, because FILE is no directory.', another],
  ['lies below a file', 'file/data', 'cannot be used, because FILE is no directory.', another],
  ['may not be written to', 'closed', `may not be written to by this user (uid ${uid}).`, 'chown -R'],
  ['may not be written to any more', 'used', `may not be written to by this user (uid ${uid}).`, 'chown -R'],
  ['may not be made', 'closed/data', `is not there, and may not be made in CLOSED by this user (uid ${uid}).`, 'chown'],
  ['may not be made two steps down', 'closed/some/data', 'is not there, and may not be made in CLOSED by', 'chown'],
];

test.each(cases)(
  'the server ends with 1 and a sentence when it %s; so does a command',
  async (_what, name, why, cure) => {
    const words = why.replace('FILE', at('file')).replace('CLOSED', at('closed'));
    const { code, stderr } = await signet(at(name), 'serve');
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`Signet cannot start: DATA_DIR (${at(name)}) ${words}`),
    ]);
    expect(stderr.toLowerCase()).toContain(cure.toLowerCase());
    expect(stderr.trim().split('\n')).toHaveLength(1);
    const applied = await signet(at(name), 'tenant', 'create', 'acme');
    expect([applied.code, applied.stderr]).toEqual([1, expect.stringContaining(words)]);
    expect((await readdir(directory)).toSorted()).toEqual(['closed', 'file', 'used']);
  },
);

test.each(cases)('doctor finds that it %s', async (_what, name, why) => {
  const { code, stdout } = await signet(at(name), 'doctor', '--json', '--url-timeout', '1');
  expect(code).toBe(1);
  const { findings } = JSON.parse(stdout) as { findings: { check: string; severity: string; seen: string }[] };
  const about = findings.filter(({ check }) => check === 'data-directory');
  expect(about).toEqual([
    {
      check: 'data-directory',
      severity: 'problem',
      seen: expect.stringContaining(why.replace('FILE', at('file')).replace('CLOSED', at('closed'))),
      todo: expect.stringContaining('DATA_DIR'),
    },
  ]);
});

test('what exists and can be written to is no finding, and what can be made is not made by looking', async () => {
  const look = (dataDir: string) =>
    examine({ ...env, DATA_DIR: dataDir }, { clock: Date.now, patience: 1000, mailTo: undefined, uid });
  const about = (await look(at('new/data'))).filter(({ check }) => check === 'data-directory');
  expect(about).toEqual([]);
  expect((await readdir(directory)).toSorted()).toEqual(['closed', 'file', 'used']);
});

test('a place where nothing can be made, as /proc: refused, and no endless loop', async () => {
  const nowhere = join(existsSync('/proc/self') ? '/proc' : '/dev/null', 'nowhere');
  await expect(startEmbeddedPostgres(join(nowhere, 'data'))).rejects.toThrow(`DATA_DIR (${nowhere}/data)`);
  const options = { clock: Date.now, patience: 1000, mailTo: undefined, uid };
  const findings = await examine({ ...env, DATA_DIR: nowhere }, options);
  expect(findings).toContainEqual(expect.objectContaining({ check: 'data-directory', severity: 'problem' }));
});
