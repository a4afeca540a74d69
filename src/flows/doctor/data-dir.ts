// DATA_DIR: whether it is ours alone.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Finding, ok, problem } from '../../domain/finding.ts';

/** Looks at the directory itself; where there is none, nothing is said: it is made when it is needed. */
export async function checkDataDir(directory: string): Promise<Finding[]> {
  const path = resolve(directory);
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException);
  if (found instanceof Error)
    return found.code === 'ENOENT'
      ? []
      : [
          problem(
            'data-directory',
            `DATA_DIR (${path}) cannot be looked at (${found.code}).`,
            'Run this as the user that runs Signet, or correct DATA_DIR.',
          ),
        ];
  if (!found.isDirectory())
    return [problem('data-directory', `DATA_DIR (${path}) is not a directory.`, 'Set DATA_DIR to one.')];
  const me = process.getuid?.();
  if (me !== undefined && me !== 0 && found.uid !== me)
    return [
      problem(
        'data-directory',
        `DATA_DIR (${path}) belongs to uid ${found.uid}, and this runs as uid ${me}.`,
        `Run this as the user that runs Signet, or: chown -R ${me} ${path}`,
      ),
    ];
  if (process.platform !== 'win32' && (found.mode & 0o022) !== 0)
    return [problem('data-directory', `Other users may write to DATA_DIR (${path}).`, `chmod go-w ${path}`)];
  return [ok('data-directory', `DATA_DIR (${path}) is written by its owner alone.`)];
}
