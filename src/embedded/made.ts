// Taking away again what a start has made in a DATA_DIR that held no cluster before.
import { existsSync } from 'node:fs';
import { readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { postgresIdentity, runAs } from './identity.ts';
import { takeOwnerLock } from './lock.ts';
import { readRecord } from './record.ts';

/** What a start makes in DATA_DIR. */
const ours = /^(?:postgres|postgres\.json(?:\.new)?|postgres\.lock|binaries-.*)$/;

/**
 * Ask before a start. What it answers takes away the cluster that was made since, and the directories made for it; it
 * does nothing when there was one before, or when another process has it by now. Only for a cluster that holds nothing.
 */
export async function undoOfMaking(dataDir: string): Promise<() => Promise<void>> {
  const missing: string[] = [];
  for (let at = resolve(dataDir); !existsSync(at); at = dirname(at)) missing.push(at);
  const before = missing.length > 0 ? [] : await readdir(dataDir).catch(() => ['postgres']);
  if (before.some((name) => ours.test(name))) return async () => {};
  return async () => {
    const directory = await realpath(dataDir).catch(() => undefined);
    if (directory === undefined || !(await remove(directory))) return;
    for (const made of missing) await rmdir(made).catch(() => {});
  };
}

async function remove(directory: string): Promise<boolean> {
  const lock = await takeOwnerLock(directory);
  if (!lock) return false;
  try {
    const { pid = process.pid, location = directory } = (await readRecord(directory)) ?? {};
    if (pid !== process.pid) return false;
    // Whose files they are removes them: root is not to walk through what others may change meanwhile.
    await runAs(await postgresIdentity(), 'rm', ['-rf', '--', join(location, 'postgres')]).catch(() => {});
    if (location !== directory) await rm(location, { recursive: true, force: true });
    for (const name of (await readdir(directory)).filter((name) => ours.test(name)))
      await rm(join(directory, name), { recursive: true, force: true });
    return true;
  } finally {
    lock.release();
  }
}
