// Where the cluster's files are: in DATA_DIR, or in a private directory that DATA_DIR records when Postgres cannot get there.
import { chmod, lchown, lstat, mkdir, mkdtemp, readdir, realpath } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canEnter, ownUid, runAs } from './identity.ts';
import type { Identity } from './identity.ts';
import type { SocketPlace } from './private-socket.ts';
import { SOCKET_NAME } from './probe.ts';
import { readRecord, writeRecord } from './record.ts';
import type { ClusterRecord } from './record.ts';
import { assertWritable, makeDataDir } from './writable.ts';

export type Home = {
  readonly dataDir: string;
  /** Belongs to us: staged binaries lie here, and nobody else can put any there. */
  readonly location: string;
  /** Belongs to the identity that Postgres runs as; everything below is written by processes of that identity. */
  readonly postgres: string;
  /** The cluster itself (PGDATA). */
  readonly data: string;
};

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const SWEEP_AGAIN_MS = 50;
const SWEPT_WITHIN_MS = 5_000;
const SOCKET_PREFIX = 'signet-pg-';
// sun_path holds 108 bytes on Linux and 104 on macOS, one of them for the final NUL.
const SOCKET_PATH_BYTES = process.platform === 'darwin' ? 103 : 107;

/** Makes DATA_DIR if needed and gives its real path. Throws when it cannot be written to, or belongs to a user that could mislead us. */
export async function openDataDir(directory: string): Promise<string> {
  const me = ownUid();
  await makeDataDir(directory, me === 0 ? 0o711 : 0o700);
  const dataDir = await realpath(directory);
  const { uid, mode } = await lstat(dataDir);
  if (uid !== me && uid !== 0) {
    throw new Error(
      `${dataDir} belongs to uid ${uid}, but Signet runs as uid ${me}: run it as that user, or chown the directory to uid ${me}`,
    );
  }
  if (mode & STICKY) {
    throw new Error(`${dataDir} is a directory that everybody shares: set DATA_DIR to one of its own`);
  }
  await assertWritable(dataDir);
  if (uid === me) {
    // Root's Postgres runs as `nobody`, who needs to pass through, though not to list.
    const wanted = (mode & 0o7777 & ~WRITABLE_BY_OTHERS) | (me === 0 ? 0o001 : 0);
    if (wanted !== (mode & 0o7777)) await chmod(dataDir, wanted);
  }
  return dataDir;
}

/** Finds or makes the location of the cluster. Only the holder of the owner's lock may call it. */
export async function settleHome(dataDir: string, identity: Identity, durable: boolean): Promise<Home> {
  const location = (await recordedLocation(dataDir)) ?? (await chooseLocation(dataDir, identity, durable));
  if (!(await canEnter(identity, location))) {
    throw new Error(
      `Postgres (uid ${identity.uid}) cannot reach ${location}: make its parent directories passable (chmod o+x) or run Signet as an ordinary user`,
    );
  }
  const postgres = join(location, 'postgres');
  await mkdir(postgres, { recursive: true, mode: 0o700 });
  // What is ours can only have been made here, now or by a start that was killed before this line.
  if ((await lstat(postgres)).uid === ownUid()) await lchown(postgres, identity.uid, identity.gid);
  await assertOwner(postgres, identity.uid, 0o077);
  return { dataDir, location, postgres, data: join(postgres, 'data') };
}

/** A new private directory for the socket, on a path that is short enough for one. */
export async function makeSocketDirectory(home: Home, identity: Identity): Promise<string> {
  for (const base of [home.postgres, tmpdir(), '/tmp']) {
    const template = join(base, `${SOCKET_PREFIX}XXXXXX`);
    if (Buffer.byteLength(join(template, SOCKET_NAME)) > SOCKET_PATH_BYTES || !(await canEnter(identity, base)))
      continue;
    return runAs(identity, 'mktemp', ['-d', template]);
  }
  throw new Error(
    `No directory for the socket of Postgres: ${tmpdir()} is too long or closed to uid ${identity.uid}; set TMPDIR to a short path`,
  );
}

/** Removes what a killed start left behind: half-made clusters and socket directories. No cluster may be running. */
export async function sweep(home: Home, identity: Identity): Promise<void> {
  const entries = await readdir(home.postgres);
  const stale = entries
    .filter((name) => name.startsWith(SOCKET_PREFIX) || name.startsWith('new-'))
    .map((name) => join(home.postgres, name));
  const lastSocket = await recordedSocket(home.dataDir);
  if (lastSocket && basename(lastSocket.directory).startsWith(SOCKET_PREFIX)) stale.push(lastSocket.directory);
  if (stale.length === 0) return;
  // An initdb whose owner was killed may still be writing on its way out, so that a directory is full again at once.
  const deadline = performance.now() + SWEPT_WITHIN_MS;
  for (;;) {
    const swept = await runAs(identity, 'rm', ['-rf', '--', ...stale]).then(
      () => true,
      () => false,
    );
    // Best effort: failures are ignored, and the next start tries again.
    if (swept || performance.now() > deadline) return;
    await sleep(SWEEP_AGAIN_MS);
  }
}

/** Where the socket of the last start is; undefined when that is gone or no longer what that start had made. */
export async function recordedSocket(dataDir: string): Promise<SocketPlace | undefined> {
  const record = await readRecord(dataDir);
  if (record?.socket === undefined || record.dataDir !== dataDir) return undefined;
  return ownPlace(record.socket, record);
}

/** Throws unless `directory` is a real directory of `uid` without any of the `forbidden` mode bits. */
export async function assertOwner(directory: string, uid: number, forbidden = WRITABLE_BY_OTHERS): Promise<void> {
  const stats = await lstat(directory);
  if (stats.isDirectory() && stats.uid === uid && (stats.mode & forbidden) === 0) return;
  throw new Error(
    `${directory} must be a directory of uid ${uid} that others cannot use: check who changed it, then chown -R it to ${uid} and chmod it ${(0o755 & ~forbidden).toString(8)}`,
  );
}

async function recordedLocation(dataDir: string): Promise<string | undefined> {
  const record = await readRecord(dataDir);
  if (!record) return undefined;
  if (record.location === undefined) return dataDir;
  if (record.dataDir !== dataDir) {
    // Were it a copy, two clusters would run on the same files.
    throw new Error(
      `${dataDir} was moved or copied from ${record.dataDir}, and its database is in ${record.location}: if it was moved, write the new path into ${join(dataDir, 'postgres.json')}`,
    );
  }
  if (!existsSync(record.location)) {
    // Starting empty here would look like the loss of every user.
    throw new Error(
      `The database of ${dataDir} is missing: it was in ${record.location}. Restore it, or remove ${join(dataDir, 'postgres.json')} to start empty`,
    );
  }
  await assertOwner(record.location, ownUid());
  return record.location;
}

async function chooseLocation(dataDir: string, identity: Identity, durable: boolean): Promise<string> {
  if (existsSync(join(dataDir, 'postgres')) || (await canEnter(identity, dataDir))) return dataDir;
  // A cluster that need not last is better left where the system cleans up.
  for (const base of durable ? ['/var/lib', '/var/db'] : [tmpdir(), '/tmp']) {
    if (!existsSync(base) || !(await canEnter(identity, base))) continue;
    const location = await mkdtemp(join(base, 'signet-'));
    await chmod(location, 0o711);
    await writeRecord({ dataDir, location, pid: process.pid });
    return location;
  }
  throw new Error(
    `Postgres (uid ${identity.uid}) cannot reach ${dataDir}: choose a DATA_DIR such as /var/lib/signet, or set DATABASE_URL`,
  );
}

// A name that was once ours in a shared directory may since have been taken by somebody else.
async function ownPlace(
  directory: string,
  { dataDir, location = dataDir }: ClusterRecord,
): Promise<SocketPlace | undefined> {
  try {
    const { uid: owner } = await lstat(join(location, 'postgres'));
    await assertOwner(directory, owner, 0o077);
    return { directory, owner };
  } catch {
    return undefined;
  }
}
