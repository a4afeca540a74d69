// The owner's lock on DATA_DIR: whoever holds it runs the cluster, and the kernel lets go of it when that process dies.
import { open } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { dataDirError } from './writable.ts';

export type OwnerLock = { release(): void };

const BUSY = 5;

// Without a reference from here the garbage collector would close a lock whose owner has forgotten it.
const held = new Set<DatabaseSync>();

/** Takes the lock, or gives undefined while another process, or another start in this one, holds it. */
export async function takeOwnerLock(dataDir: string): Promise<OwnerLock | undefined> {
  const file = lockFile(dataDir);
  // Only ever created here, never opened again: closing any descriptor of the file would drop this process's lock.
  if (!existsSync(file)) await createPrivately(file);
  return lock(file);
}

/** Whether some process owns the cluster of dataDir now. */
export function ownerLockIsHeld(dataDir: string): boolean {
  const file = lockFile(dataDir);
  if (!existsSync(file)) return false;
  const taken = lock(file);
  taken?.release();
  return taken === undefined;
}

function lockFile(dataDir: string): string {
  return join(dataDir, 'postgres.lock');
}

async function createPrivately(file: string): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw dataDirError(dirname(file), dirname(file), error);
  }
}

// Node has no flock; an exclusive SQLite transaction on an empty file is the lock of the kernel that it does have.
function lock(file: string): OwnerLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode === BUSY) return undefined;
    throw new Error(`Cannot lock ${file}: run this as the user that runs Signet, with DATA_DIR on a local disk`, {
      cause: error,
    });
  }
  const taken = database;
  held.add(taken);
  return {
    release() {
      if (held.delete(taken)) taken.close();
    },
  };
}
