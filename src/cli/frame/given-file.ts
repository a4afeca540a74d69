// Files that a command is given to read.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CommandError } from './run.ts';

/** `-` is standard input. @throws CommandError not_found when it is not there, failed when it cannot be read. */
export function readGiven(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, error);
  });
}

/** What a file that could not be opened or read means for the command. */
export function unreadable(file: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new CommandError('not_found', `There is no file ${file}.`);
  return new CommandError('failed', `${file} cannot be read: ${inWords(error)}.`);
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is no directory',
  ENOENT: 'its directory does not exist',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk space of this user is used up',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
  EIO: 'the disk fails',
};

/** Why a file could not be used, as people say it. */
export function inWords(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : reasons[code]) ?? code ?? message;
}

/** What a file is called in messages. */
export function nameOfGiven(file: string): string {
  return file === '-' ? 'standard input' : file;
}
