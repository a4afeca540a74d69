// The Postgres that starts when no DATABASE_URL is given: one owner runs it, other processes on the same DATA_DIR attach.
import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCluster } from './cluster.ts';
import type { ClusterOptions } from './cluster.ts';
import { openDataDir, recordedSocket } from './home.ts';
import { ownerLockIsHeld, takeOwnerLock } from './lock.ts';
import type { OwnerLock } from './lock.ts';
import { privateStream } from './private-socket.ts';
import type { SocketPlace } from './private-socket.ts';
import { probe } from './probe.ts';
import { readRecord } from './record.ts';
import { keepRunning } from './supervise.ts';
import type { PostgresNews } from './supervise.ts';

/**
 * What a client needs to connect; `host` is the directory of the Unix socket, whose port number is always 5432. It may be
 * used only while it belongs to `owner`: {@link connectPrivately} sees to that.
 */
export type PostgresConnection = {
  readonly host: string;
  readonly user: string;
  readonly database: string;
  readonly owner: number;
};

export type EmbeddedPostgres = {
  readonly connection: PostgresConnection;
  /** Another process owns the cluster; it ends with that process. */
  readonly attached: boolean;
  /** This start made the cluster: dataDir held none before. */
  readonly created: boolean;
  /**
   * Resolves when it is gone although nobody called stop(): attached, with the process that owns it; throwaway, when it
   * ended by itself. Any other is started again by its owner, at the same socket.
   */
  readonly lost: Promise<void>;
  /** Stops the cluster and waits until it is gone; does nothing when attached. May be called more than once. */
  stop(): Promise<void>;
};

const POLL_MS = 50;
const WATCH_MS = 1000;
const ATTACH_WITHIN_MS = 60_000;
const FIND_WITHIN_MS = 10_000;

/**
 * Starts the cluster kept in dataDir, or attaches to the one that is already running there. Waits for one that is still
 * shutting down (up to 30 s) and for another process that is just starting it (up to 60 s). `durable: false` gives up
 * fsync, for tests only; `throwaway` also removes the files when the cluster ends, even by the death of this process (as
 * root, empty directories stay). `tell` hears of an end that nobody asked for, and of what became of it. Throws with what to
 * do next.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  options: {
    durable?: boolean;
    throwaway?: boolean;
    maxConnections?: number;
    tell?: ((news: PostgresNews) => void) | undefined;
  } = {},
): Promise<EmbeddedPostgres> {
  const { throwaway = false, durable = !throwaway, maxConnections = 60, tell = () => {} } = options;
  const directory = await openDataDir(dataDir);
  const deadline = performance.now() + ATTACH_WITHIN_MS;
  for (;;) {
    const lock = await takeOwnerLock(directory);
    if (lock) return own(directory, lock, { durable, throwaway, maxConnections }, tell);
    const connection = await running(directory);
    if (connection) return attach(directory, connection);
    if (performance.now() > deadline) {
      const owner = await readRecord(directory);
      throw new Error(
        `Another Signet (pid ${owner?.pid ?? 'unknown'}) holds ${directory}, but its Postgres does not answer: its log says why; make room if the disk is full, or stop that process and start again`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** The running cluster of dataDir, or undefined when none runs. For the CLI beside a running server. */
export async function findEmbeddedPostgres(dataDir: string): Promise<PostgresConnection | undefined> {
  const directory = await realpath(dataDir).catch(() => undefined);
  if (directory === undefined) return undefined;
  const deadline = performance.now() + FIND_WITHIN_MS;
  while (ownerLockIsHeld(directory)) {
    const connection = await running(directory);
    if (connection || performance.now() > deadline) return connection;
    await sleep(POLL_MS);
  }
  return undefined;
}

/** True when dataDir holds a cluster, running or not. */
export async function hasCluster(dataDir: string): Promise<boolean> {
  const directory = await realpath(dataDir).catch(() => undefined);
  return directory !== undefined && (await readRecord(directory)) !== undefined;
}

/** The cluster ends with the process that owns it, so that one is watched by its lock. */
function attach(directory: string, connection: PostgresConnection): EmbeddedPostgres {
  const { promise: lost, resolve } = Promise.withResolvers<void>();
  const watch = setInterval(() => {
    if (ownerLockIsHeld(directory)) return;
    clearInterval(watch);
    resolve();
  }, WATCH_MS).unref();
  const stop = () => Promise.resolve(clearInterval(watch));
  return { connection, attached: true, created: false, lost, stop };
}

async function own(
  directory: string,
  lock: OwnerLock,
  options: ClusterOptions,
  tell: (news: PostgresNews) => void,
): Promise<EmbeddedPostgres> {
  try {
    const cluster = await openCluster(directory, options);
    const supervised = await keepRunning(cluster, { again: !options.throwaway, tell });
    let stopped: Promise<void> | undefined;
    return {
      connection: connectionAt(cluster.socket),
      attached: false,
      created: cluster.created,
      lost: supervised.lost,
      stop: () => (stopped ??= supervised.stop().finally(() => lock.release())),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

// The lock is looked at after the answer: a cluster whose owner has just died still answers until its guard stops it.
async function running(directory: string): Promise<PostgresConnection | undefined> {
  const socket = await recordedSocket(directory);
  if (socket === undefined || (await probe(socket)) !== 'ready') return undefined;
  return ownerLockIsHeld(directory) ? connectionAt(socket) : undefined;
}

function connectionAt({ directory, owner }: SocketPlace): PostgresConnection {
  return { host: directory, user: 'postgres', database: 'postgres', owner };
}

/** The same for a client or a pool that lives longer than PostgreSQL may: no connection goes to what is not its owner's. */
export function connectPrivately({ host, user, database, owner }: PostgresConnection) {
  return { host, port: 5432, user, database, stream: privateStream({ directory: host, owner }) };
}
