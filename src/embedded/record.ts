// postgres.json in DATA_DIR: where the cluster's files and its socket are, for the next start and for other processes.
import { open, rename, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { ownUid } from './identity.ts';

export type ClusterRecord = {
  /** The DATA_DIR it was written for: in a copy or after a move the other paths are somebody else's. */
  readonly dataDir: string;
  /** The directory with the cluster's files, when that is not DATA_DIR itself; in the file, which scripts read, its name is `place`. */
  readonly location?: string;
  /** The directory of the socket that the last start used; absent before the first one. */
  readonly socket?: string;
  /** The process that started it, for error messages only: a pid may be reused. */
  readonly pid: number;
};

/** Reads the record; undefined when there is none. Throws when it is damaged or another user could have written it. */
export async function readRecord(dataDir: string): Promise<ClusterRecord | undefined> {
  const file = recordFile(dataDir);
  let text: string;
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { uid, mode } = await handle.stat();
      if (!(await trusted(dataDir)).has(uid) || (mode & 0o022) !== 0) {
        throw new Error(
          `${file} could have been written by another user: check it, then chown it to the user that runs Signet and chmod it 600`,
        );
      }
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === 'EACCES')
      throw new Error(`${file} is not readable: run this as the user that runs Signet`, {
        cause: error,
      });
    throw error;
  }
  return parse(file, text);
}

/** Replaces the record atomically and durably. Only the holder of the owner's lock may call it. */
export async function writeRecord(record: ClusterRecord): Promise<void> {
  const file = recordFile(record.dataDir);
  const temporary = `${file}.new`;
  const handle = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    const { location: place, ...others } = record;
    await handle.writeFile(`${JSON.stringify({ place, ...others }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(record.dataDir);
}

/** Makes the names in a directory survive a power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// Root may look into the DATA_DIR of an ordinary user; there that user's word counts.
async function trusted(dataDir: string): Promise<Set<number>> {
  const me = ownUid();
  return new Set([me, 0, ...(me === 0 ? [(await stat(dataDir)).uid] : [])]);
}

function recordFile(dataDir: string): string {
  return join(dataDir, 'postgres.json');
}

function parse(file: string, text: string): ClusterRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const {
    dataDir,
    place: location,
    socket,
    pid,
  } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof pid !== 'number' || typeof dataDir !== 'string' || !isPathOrAbsent(location) || !isPathOrAbsent(socket)) {
    throw new Error(
      `${file} is damaged: restore it from a backup, or remove it if the cluster lies in ${join(file, '..')}`,
    );
  }
  return { dataDir, ...(location !== undefined && { location }), ...(socket !== undefined && { socket }), pid };
}

function isPathOrAbsent(value: unknown): value is string | undefined {
  return value === undefined || (typeof value === 'string' && value.startsWith('/'));
}
