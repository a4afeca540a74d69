// A cluster for tests: gone with the process that started it, and quick, because it is unpacked rather than made.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, open, readdir, rename, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { openDataDir, settleHome } from '../embedded/home.ts';
import { ownUid, pipeAs, postgresIdentity, runAs } from '../embedded/identity.ts';
import { ownerLockIsHeld } from '../embedded/lock.ts';
import { type EmbeddedPostgres, type PostgresConnection, startEmbeddedPostgres } from '../embedded/postgres.ts';
import { readRecord } from '../embedded/record.ts';

export type ThrowawayPostgres = {
  readonly connection: PostgresConnection;
  /** Stops the cluster and removes its files. */
  stop(): Promise<void>;
};

export type ThrowawayOptions = {
  /** Where the prepared cluster is kept for the next start: a file named for everything that it depends on. */
  readonly archive: string;
  /** Does what every such cluster shall have done. */
  readonly prepare: (connection: PostgresConnection) => Promise<void>;
  readonly maxConnections: number;
};

const PREFIX = 'signet-testing-';
const MEMORY = '/dev/shm';
const TMPFS = 0x01021994;
// One cluster has 60 MB, each database in it 9 more, and there may be one cluster for each processor.
const ROOM_BYTES = 1_000_000_000;
const ARCHIVE_SUFFIX = '.tar';
// A directory without a lock may be one whose owner is only about to take it.
const ABANDONED_AFTER_MS = 60_000;

/**
 * Starts a cluster without fsync in a temporary directory, prepared. The first start makes it and keeps an archive where
 * it can, later ones unpack that; any number of processes may do so at once. When this process dies, so does the cluster,
 * and its files go. Throws with what to do next.
 */
export async function startThrowawayPostgres(options: ThrowawayOptions): Promise<ThrowawayPostgres> {
  if (existsSync(options.archive)) {
    const unpacked = await inNewDirectory((directory) => startUnpacked(directory, options)).catch(() => undefined);
    if (unpacked) return unpacked;
    // Damaged, or of a PostgreSQL that is not here any more.
    await rm(options.archive, { force: true });
  }
  return inNewDirectory((directory) => startMade(directory, options));
}

async function startUnpacked(directory: string, { archive, maxConnections }: ThrowawayOptions) {
  await unpack(directory, archive);
  return startEmbeddedPostgres(directory, { throwaway: true, maxConnections });
}

async function startMade(directory: string, { archive, prepare, maxConnections }: ThrowawayOptions) {
  const making = await startEmbeddedPostgres(directory, { durable: false, maxConnections });
  try {
    await prepare(making.connection);
  } finally {
    await making.stop();
  }
  // Where nothing can be kept, each start makes its own.
  await pack(directory, archive).catch(() => {});
  return startEmbeddedPostgres(directory, { throwaway: true, maxConnections });
}

/** In memory where there is enough, because a cluster is a thousand files; else, or when that fails, on the disk. */
async function inNewDirectory(work: (directory: string) => Promise<EmbeddedPostgres>): Promise<ThrowawayPostgres> {
  if (await isRoomy(MEMORY)) {
    const inMemory = await inNewDirectoryOf(MEMORY, work).catch(() => undefined);
    if (inMemory) return inMemory;
  }
  return inNewDirectoryOf(tmpdir(), work);
}

async function inNewDirectoryOf(
  base: string,
  work: (directory: string) => Promise<EmbeddedPostgres>,
): Promise<ThrowawayPostgres> {
  const directory = await openDataDir(await mkdtemp(join(base, PREFIX)));
  await removeAbandoned(directory);
  try {
    const cluster = await work(directory);
    const stop = async () => {
      await cluster.stop();
      await remove(directory);
    };
    return { connection: cluster.connection, stop };
  } catch (error) {
    await remove(directory);
    throw error;
  }
}

/** Linux only. Containers often have as little as 64 MB there. */
async function isRoomy(directory: string): Promise<boolean> {
  return statfs(directory).then(
    ({ type, bavail, bsize }) => type === TMPFS && bavail * bsize >= ROOM_BYTES,
    () => false,
  );
}

async function unpack(directory: string, archive: string): Promise<void> {
  const identity = await postgresIdentity();
  const home = await settleHome(directory, identity, false);
  const unfinished = await runAs(identity, 'mktemp', ['-d', join(home.postgres, 'new-XXXXXX')]);
  await using file = await open(archive, 'r');
  await pipeAs(identity, 'tar', ['-xf', '-', '-C', unfinished], { input: file.fd });
  await rename(unfinished, home.data);
}

/** Others may do the same at this moment: the last one's stays, and it is as good as any. */
async function pack(directory: string, archive: string): Promise<void> {
  const identity = await postgresIdentity();
  const home = await settleHome(directory, identity, false);
  const folder = dirname(archive);
  await mkdir(folder, { recursive: true });
  const unfinished = `${archive}.${randomBytes(6).toString('hex')}`;
  try {
    await using file = await open(unfinished, 'wx', 0o600);
    // Without the variable, tar on macOS adds files of its own.
    await pipeAs(identity, 'env', ['COPYFILE_DISABLE=1', 'tar', '-cf', '-', '-C', home.data, '.'], { output: file.fd });
    await file.sync();
    await rename(unfinished, archive);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  // Also what others are just writing: theirs would say the same.
  const former = (await readdir(folder)).filter((name) => name.includes(ARCHIVE_SUFFIX) && name !== basename(archive));
  for (const name of former) await rm(join(folder, name), { force: true });
}

/** Removes what the guard of a killed process could not. */
async function removeAbandoned(own: string): Promise<void> {
  const { mtimeMs: now } = await lstat(own);
  const me = ownUid();
  for (const name of await readdir(dirname(own))) {
    const directory = join(dirname(own), name);
    if (!name.startsWith(PREFIX) || directory === own) continue;
    const stats = await lstat(directory).catch(() => undefined);
    if (!stats?.isDirectory() || stats.uid !== me || now - stats.mtimeMs < ABANDONED_AFTER_MS) continue;
    // Best effort: failures are ignored.
    await (async () => ownerLockIsHeld(directory) || remove(directory))().catch(() => {});
  }
}

async function remove(directory: string): Promise<void> {
  const identity = await postgresIdentity();
  const { location = directory } = (await readRecord(directory)) ?? {};
  // Whose files they are removes them: root is not to walk through what others may change meanwhile.
  await runAs(identity, 'rm', ['-rf', '--', join(location, 'postgres')]).catch(() => {});
  for (const path of new Set([location, directory])) await rm(path, { recursive: true, force: true });
}
