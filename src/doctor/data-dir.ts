// DATA_DIR: whether it can be used, and is ours alone.
import { access, stat, statfs } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { dataDirTrouble } from '../domain/data-dir.ts';
import { type Finding, ok, problem } from '../domain/finding.ts';

/** The mode of directories such as /tmp. */
const sticky = 0o1000;

/** The numbers of file systems of Linux that show the system and keep no files, whatever their modes say: proc, sysfs, cgroup2. */
const keepNothing = new Set([0x9fa0, 0x62656572, 0x63677270]);

/** Looks at the directory; where there is none, at the one in which it would be made. */
export async function checkDataDir(directory: string): Promise<Finding[]> {
  const path = resolve(directory);
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException);
  if (found instanceof Error)
    return found.code === 'ENOENT' ? checkMaking(path) : [trouble(path, dirname(path), found)];
  if (!found.isDirectory()) return [trouble(path, path, { code: 'ENOTDIR' })];
  if ((found.mode & sticky) !== 0)
    return [
      problem(
        'data-directory',
        `DATA_DIR (${path}) is a directory that everybody shares.`,
        'Set it to one of its own.',
      ),
    ];
  const me = process.getuid?.();
  if (me !== undefined && me !== 0 && found.uid !== me)
    return [
      problem(
        'data-directory',
        `DATA_DIR (${path}) belongs to uid ${found.uid}, and this runs as uid ${me}.`,
        `Run this as the user that runs Signet, or: "chown -R ${me} ${path}".`,
      ),
    ];
  const refusal = await refusalAt(path, constants.R_OK | constants.W_OK | constants.X_OK);
  if (refusal) return [trouble(path, path, refusal)];
  if (process.platform !== 'win32' && (found.mode & 0o022) !== 0)
    return [problem('data-directory', `Other users may write to DATA_DIR (${path}).`, `Run "chmod go-w ${path}".`)];
  return [ok('data-directory', `DATA_DIR (${path}) is written by its owner alone.`)];
}

/** No finding if the server can create it. */
async function checkMaking(path: string): Promise<Finding[]> {
  for (let at = dirname(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found && at !== dirname(at)) continue;
    const refusal = found?.isDirectory() ? await refusalAt(at, constants.W_OK | constants.X_OK) : { code: 'ENOTDIR' };
    return refusal ? [trouble(path, at, refusal)] : [];
  }
}

/** What stands in the way of writing to a directory that is there. Nothing is written to find out. */
async function refusalAt(directory: string, mode: number): Promise<{ code?: string | undefined } | undefined> {
  try {
    await access(directory, mode);
    const { type } = await statfs(directory);
    return keepNothing.has(type) ? { code: 'EROFS' } : undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

function trouble(path: string, at: string, { code = 'unknown reason' }: { code?: string | undefined }): Finding {
  const { seen, todo } = dataDirTrouble(path, { code, at, uid: process.getuid?.() });
  return problem('data-directory', seen, todo);
}
