// DATA_DIR as a directory that can be written to, or a sentence that says why it is none.
import { access, mkdir, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { dataDirTrouble } from '../domain/data-dir.ts';

/**
 * Makes `directory` and what is missing above it. One by one: where a directory takes no others, as in /proc, the
 * recursive one of Node never ends. @throws Error with what to do.
 */
export async function makeDataDir(directory: string, mode: number): Promise<void> {
  const path = resolve(directory);
  const missing: string[] = [];
  for (let at = path; !(await isDirectory(path, at)); at = dirname(at)) missing.push(at);
  for (const at of missing.toReversed()) {
    await mkdir(at, { mode }).catch(async (error: unknown) => {
      // Another process may have been first.
      if (codeOf(error) === 'EEXIST' && (await isDirectory(path, at))) return;
      throw dataDirError(path, codeOf(error) === 'EEXIST' ? at : dirname(at), error);
    });
  }
}

/** @throws Error with what to do, unless this user may list `dataDir` and write to it. */
export async function assertWritable(dataDir: string): Promise<void> {
  await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK).catch((error: unknown) => {
    throw dataDirError(dataDir, dataDir, error);
  });
}

/** In words: what the operating system refused at `at`, which is DATA_DIR or where it should have been made. */
export function dataDirError(dataDir: string, at: string, error: unknown): Error {
  const { seen, todo } = dataDirTrouble(dataDir, { code: codeOf(error), at, uid: process.getuid?.() });
  return new Error(`${seen} ${todo}`, { cause: error });
}

async function isDirectory(path: string, at: string): Promise<boolean> {
  const found = await stat(at).catch((error: unknown) => {
    // Below something that is no directory: found when the walk upwards comes to it.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw dataDirError(path, dirname(at), error);
  });
  if (found && !found.isDirectory()) throw dataDirError(path, at, Object.assign(new Error(), { code: 'ENOTDIR' }));
  return found !== undefined;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
