// A file that is there as a whole or not at all, for its owner alone.
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { inWords } from './given-file.ts';
import { CommandError, exitCodes } from './run.ts';

/**
 * Lets `write` fill a file beside `path` (mode 600), and gives it that name when all of it is on the disk. When anything
 * fails, or the process is asked to end, `path` is as it was. @throws CommandError when it exists, unless `force`.
 */
export async function newFile(
  path: string,
  { force }: { force: boolean },
  write: (into: Writable) => Promise<void>,
): Promise<void> {
  if (!force && existsSync(path)) throw exists(path);
  const unfinished = `${path}.${randomBytes(6).toString('hex')}.part`;
  const stop = () => {
    rmSync(unfinished, { force: true });
    process.exit(exitCodes.failed);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    // Flushed: on the disk before it gets its name.
    await write(createWriteStream(unfinished, { flags: 'wx', mode: 0o600, flush: true }));
    if (force) await rename(unfinished, path);
    // A link, unlike a rename, fails when the name was taken meanwhile.
    else await link(unfinished, path).then(() => unlink(unfinished));
  } catch (error) {
    await unlink(unfinished).catch(() => {});
    throw unwritable(path, error);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
}

function unwritable(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return exists(path);
  return syscall === undefined ? error : new CommandError('failed', `${path} cannot be written: ${inWords(error)}.`);
}

function exists(path: string): CommandError {
  return new CommandError('exists', `${path} exists already. Choose another name, or say --force to replace it.`);
}
