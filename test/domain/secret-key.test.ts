// The key file in DATA_DIR: made once, agreed on by everybody, never overwritten, never open to others.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inspectSecretKey, loadOrMakeSecretKey, loadSecretKey, parseSecretKey } from '../../src/config/secret-key.ts';

const run = promisify(execFile);

let root: string;
let dataDir: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'signet-secret-key-'));
  dataDir = join(root, 'data');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('the text form', () => {
  const key = Buffer.alloc(32, 0xfb);

  test.each([
    ['base64', key.toString('base64')],
    ['base64 without padding', key.toString('base64').replace('=', '')],
    ['base64url', key.toString('base64url')],
    ['base64url with padding', `${key.toString('base64url')}=`],
  ])('%s is read', (_, text) => {
    expect(parseSecretKey(text)).toEqual(key);
  });

  test.each([
    ['nothing', ''],
    ['31 bytes', randomBytes(31).toString('base64')],
    ['33 bytes', randomBytes(33).toString('base64')],
    ['hexadecimal', randomBytes(32).toString('hex')],
    ['space inside', ` ${key.toString('base64')}`],
    ['a foreign letter', `!${key.toString('base64').slice(1)}`],
    ['bits beyond the last byte', `${'A'.repeat(42)}B`],
    ['too much padding', `${key.toString('base64url')}==`],
  ])('%s is refused', (_, text) => {
    expect(parseSecretKey(text)).toBeUndefined();
  });
});

test('the first call makes a key that only its owner can read, later calls answer the same', async () => {
  const key = await loadOrMakeSecretKey(dataDir);
  expect(key).toHaveLength(32);
  expect(await loadOrMakeSecretKey(dataDir)).toEqual(key);
  expect(parseSecretKey((await readFile(join(dataDir, 'secret-key'), 'utf8')).trim())).toEqual(key);
  expect(await readdir(dataDir)).toEqual(['secret-key']);
  expect(await modeOf(dataDir)).toBe('700');
  expect(await modeOf(join(dataDir, 'secret-key'))).toBe('600');
});

test('a directory that exists keeps its mode and its files', async () => {
  await mkdir(dataDir, { mode: 0o755 });
  await writeFile(join(dataDir, 'other'), 'kept');
  await loadOrMakeSecretKey(dataDir);
  expect(await modeOf(dataDir)).toBe('755');
  expect(await readFile(join(dataDir, 'other'), 'utf8')).toBe('kept');
});

test('two directories get different keys', async () => {
  expect(await loadOrMakeSecretKey(dataDir)).not.toEqual(await loadOrMakeSecretKey(join(root, 'other')));
});

test('who only looks makes nothing and changes nothing, and sees whether others may read it', async () => {
  await expect(loadSecretKey(dataDir)).rejects.toThrow('is missing');
  expect(await inspectSecretKey(dataDir)).toBeUndefined();
  await expect(stat(dataDir)).rejects.toThrow('ENOENT');
  const key = await loadOrMakeSecretKey(dataDir);
  const path = join(dataDir, 'secret-key');
  await chmod(path, 0o640);
  expect(await inspectSecretKey(dataDir)).toEqual({ path, key, isOpenToOthers: true });
  expect(await loadSecretKey(dataDir)).toEqual(key);
  expect(await modeOf(path)).toBe('640');
  await loadOrMakeSecretKey(dataDir);
  expect(await inspectSecretKey(dataDir)).toEqual({ path, key, isOpenToOthers: false });
});

test('twenty calls at once: one key, no leftovers', async () => {
  const keys = await Promise.all(Array.from({ length: 20 }, () => loadOrMakeSecretKey(dataDir)));
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  expect(await readdir(dataDir)).toEqual(['secret-key']);
});

test('six processes at once: one key, no leftovers', async () => {
  const source = new URL('../../src/config/secret-key.ts', import.meta.url).href;
  const program = `const { loadOrMakeSecretKey } = await import(process.argv[1]);
    console.log((await loadOrMakeSecretKey(process.argv[2])).toString("hex"));`;
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => run(process.execPath, ['--input-type=module', '--eval', program, source, dataDir])),
  );
  expect(new Set(answers.map(({ stdout }) => stdout)).size).toBe(1);
  expect(answers[0]?.stdout).toMatch(/^[\da-f]{64}\n$/);
  expect(await readdir(dataDir)).toEqual(['secret-key']);
});

test.each([
  ['an empty file', ''],
  ['half a key', randomBytes(16).toString('base64')],
  ['two keys', `${randomBytes(32).toString('base64')}\n${randomBytes(32).toString('base64')}\n`],
])('%s is an error that says what to do, and stays as it is', async (_, content) => {
  const path = join(dataDir, 'secret-key');
  await mkdir(dataDir);
  await writeFile(path, content);
  await expect(loadOrMakeSecretKey(dataDir)).rejects.toThrow(/does not hold a secret key .* Put the copy back/);
  expect(await readFile(path, 'utf8')).toBe(content);
  if (content !== '') await expect(loadOrMakeSecretKey(dataDir)).rejects.not.toThrow(content.trim());
});

test('a directory in the place of the file is an error', async () => {
  await mkdir(join(dataDir, 'secret-key'), { recursive: true });
  await expect(loadOrMakeSecretKey(dataDir)).rejects.toThrow('does not hold a secret key');
});

test('a file in the place of the directory is an error', async () => {
  await writeFile(dataDir, '');
  await expect(loadOrMakeSecretKey(dataDir)).rejects.toThrow('cannot be read (ENOTDIR)');
});

test.skipIf(process.platform === 'win32')('a symbolic link is not followed', async () => {
  await mkdir(dataDir);
  const target = join(root, 'elsewhere');
  await writeFile(target, randomBytes(32).toString('base64'), { mode: 0o644 });
  await symlink(target, join(dataDir, 'secret-key'));
  await expect(loadOrMakeSecretKey(dataDir)).rejects.toThrow('symbolic link');
  expect(await modeOf(target)).toBe('644');
});

test.skipIf(process.platform === 'win32')('a key file that others can read is closed to them', async () => {
  const key = await loadOrMakeSecretKey(dataDir);
  await chmod(join(dataDir, 'secret-key'), 0o644);
  expect(await loadOrMakeSecretKey(dataDir)).toEqual(key);
  expect(await modeOf(join(dataDir, 'secret-key'))).toBe('600');
});
