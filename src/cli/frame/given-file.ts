// Files that a command is given to read.
import { readFile } from 'node:fs/promises';
import { CommandError } from './run.ts';

/** @throws CommandError not_found when it is not there, failed when it cannot be read. */
export function readGiven(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
}

/** What a file that could not be opened or read means for the command. */
export function unreadable(file: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new CommandError('not_found', `There is no file ${file}.`);
  return new CommandError('failed', `${file} cannot be read (${code}).`);
}
