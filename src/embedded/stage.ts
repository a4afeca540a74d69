// Makes the PostgreSQL package runnable: the symlinks that it only lists, and a copy where it cannot be run in place.
import { chmod, cp, mkdtemp, readFile, readdir, rename, rm, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { assertOwner } from './home.ts';
import { ownUid } from './identity.ts';

const PREFIX = 'binaries-';

/**
 * Makes the symlinks that the package lists instead of carrying them (its install script may have been blocked).
 * Says whether all are there now; safe while another process does the same.
 */
export async function hydrate(root: string): Promise<boolean> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return true;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

/**
 * Copies the package at `root` into `location` unless it is there, and removes copies of other versions. Only the holder
 * of the owner's lock may call it. Gives the directory of the copy.
 */
export async function stage(root: string, version: string, location: string): Promise<string> {
  const copy = join(location, `${PREFIX}${version}`);
  if (!existsSync(copy)) {
    for (const name of await readdir(location)) {
      if (name.startsWith(PREFIX)) await rm(join(location, name), { recursive: true });
    }
    const unfinished = await mkdtemp(join(location, `${PREFIX}unfinished-`));
    await cp(join(root, 'native'), join(unfinished, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await hydrate(unfinished);
    await open(unfinished);
    await rename(unfinished, copy);
  }
  await assertOwner(copy, ownUid());
  return copy;
}

// The package may have been installed under a umask that keeps Postgres' identity out.
async function open(directory: string): Promise<void> {
  await chmod(directory, 0o755);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await open(path);
    else if (entry.isFile()) await chmod(path, entry.parentPath.endsWith('/bin') ? 0o755 : 0o644);
  }
}
