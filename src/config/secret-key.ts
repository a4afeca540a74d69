// The key that seals secrets at rest: its text form, and the file in DATA_DIR that keeps it when no SECRET_KEY is given.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';

const KEY_BYTES = 32;
const FILE_NAME = 'secret-key';

/** What is wrong with the file that keeps the key, and what to do about it. */
export class SecretKeyError extends Error {
  override readonly name = 'SecretKeyError';
  readonly seen: string;
  readonly todo: string;

  constructor(seen: string, todo: string, cause?: unknown) {
    super(`${seen} ${todo}`, { cause });
    this.seen = seen;
    this.todo = todo;
  }
}

/** Where the key is kept: an absolute path. */
export function secretKeyFile(dataDir: string): string {
  return resolve(dataDir, FILE_NAME);
}

/** Reads one key, 32 bytes as base64 or base64url with or without padding. Answers undefined for anything else. */
export function parseSecretKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64url');
  const canonical = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=$/, '');
  return key.length === KEY_BYTES && key.toString('base64url') === canonical ? key : undefined;
}

/** A new key in the text form that SECRET_KEY takes. */
export function newSecretKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

/**
 * Answers the 32-byte key kept in `dataDir/secret-key`, and makes it on the first call.
 * When several processes start at once, all of them get the same key. Once answered, the key survives a power cut.
 * Throws when the file cannot be read or written, or holds anything but a key; such a file is never overwritten.
 */
export async function loadOrMakeSecretKey(dataDir: string): Promise<Buffer> {
  const path = secretKeyFile(dataDir);
  const kept = await load(path);
  if (kept !== undefined) return kept;

  // Not what is above it: the embedded PostgreSQL has made all of that before.
  await mkdir(dataDir, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  await make(path);
  await syncDirectory(dataDir);

  const key = await load(path);
  if (key === undefined) {
    throw new SecretKeyError(`${path} was removed while it was being made.`, 'Start again.');
  }
  return key;
}

/** The key kept in `dataDir`, which must be there. Throws as {@link loadOrMakeSecretKey} otherwise. */
export async function loadSecretKey(dataDir: string): Promise<Buffer> {
  const kept = await inspectSecretKey(dataDir);
  if (kept) return kept.key;
  throw new SecretKeyError(
    `${secretKeyFile(dataDir)} is missing.`,
    'Put the copy there that was kept of it, or set SECRET_KEY as the server has it: without it nothing that it sealed can be opened.',
  );
}

/** A key as it lies in DATA_DIR. */
export type KeptSecretKey = { readonly path: string; readonly key: Buffer; readonly isOpenToOthers: boolean };

/** The key kept in `dataDir`, if there is one. Changes nothing; throws as {@link loadOrMakeSecretKey}. */
export async function inspectSecretKey(dataDir: string): Promise<KeptSecretKey | undefined> {
  const path = secretKeyFile(dataDir);
  return withKey(path, (key, _handle, isOpenToOthers) => Promise.resolve({ path, key, isOpenToOthers }));
}

async function load(path: string): Promise<Buffer | undefined> {
  return withKey(path, async (key, handle, isOpenToOthers) => {
    if (!isOpenToOthers) return key;
    try {
      await handle.chmod(0o600);
    } catch (error) {
      throw new SecretKeyError(`${path} is open to other users.`, `Run "chmod 600 ${path}".`, error);
    }
    return key;
  });
}

async function withKey<T>(
  path: string,
  use: (key: Buffer, handle: FileHandle, isOpenToOthers: boolean) => Promise<T>,
): Promise<T | undefined> {
  let file;
  try {
    // DATA_DIR may belong to another user (the embedded Postgres), who must not be able to point root at a file of theirs.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP') {
      throw new SecretKeyError(
        `${path} is a symbolic link, which is not followed.`,
        'Put the key itself there, or name its file in SECRET_KEY_FILE.',
        error,
      );
    }
    throw new SecretKeyError(
      `${path} cannot be read (${codeOf(error)}).`,
      'Make it readable for the user that runs Signet, or set SECRET_KEY.',
      error,
    );
  }
  await using handle = file;

  const status = await handle.stat();
  const key = status.isFile() ? parseSecretKey((await handle.readFile('utf8')).trim()) : undefined;
  if (key === undefined) {
    throw new SecretKeyError(
      `${path} does not hold a secret key (32 bytes in base64).`,
      'Put the copy back that was kept of it: what was sealed with the lost key cannot be opened with another. Only if there is no data yet, remove the file, and a new key is made.',
    );
  }
  return use(key, handle, process.platform !== 'win32' && (status.mode & 0o077) !== 0);
}

async function make(path: string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  await using handle = await open(temporary, 'wx', 0o600);
  try {
    await handle.writeFile(`${newSecretKey()}\n`);
    await handle.sync();
    // A link, unlike a rename, fails when the name is taken, so that the first of two processes wins.
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary);
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory, and keeps its entries in a journal anyway.
  if (process.platform === 'win32') return;
  await using directory = await open(path, 'r');
  await directory.sync();
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
