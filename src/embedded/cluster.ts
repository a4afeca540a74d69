// The cluster in the hands of its owner: made if there is none, and Postgres run on it, again whenever that is asked.
import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries } from './binaries.ts';
import type { Binaries } from './binaries.ts';
import { runGuarded, tail } from './guard.ts';
import type { Ending, Guarded } from './guard.ts';
import { makeSocketDirectory, settleHome, sweep } from './home.ts';
import type { Home } from './home.ts';
import { ownUid, postgresIdentity, runAs } from './identity.ts';
import type { Identity } from './identity.ts';
import { endFormerPostmaster } from './postmaster.ts';
import { claimSocketDirectory, removeSocketDirectory } from './private-socket.ts';
import type { SocketPlace } from './private-socket.ts';
import { probe } from './probe.ts';
import { syncDirectory, writeRecord } from './record.ts';

export type ClusterOptions = {
  readonly durable: boolean;
  /** Its files go when it ends. */
  readonly throwaway: boolean;
  readonly maxConnections: number;
};
export type Cluster = {
  /** Where its socket is: the same however often Postgres is run. */
  readonly socket: SocketPlace;
  /** There was no cluster before. */
  readonly created: boolean;
  /**
   * Runs Postgres, once at a time. @throws Error with its own last words, and how it ended if it did, when it does not
   * start, or when the signal came first.
   */
  run(signal?: AbortSignal): Promise<RunningPostgres>;
  /** Removes the directory of the socket: when Postgres has ended, and shall not run again. */
  leave(): Promise<void>;
};
export type RunningPostgres = {
  /** Resolves when it has ended, asked or not: how, and what it said since it took connections. */
  readonly ended: Promise<Ending & { readonly words: string }>;
  stop(): Promise<void>;
};

const POLL_MS = 20;
// Crash recovery is part of a start and may take long on a slow disk.
const READY_WITHIN_MS = 120_000;
// After kill -9 of a postmaster its backends live on for a moment; Postgres sees them and refuses to start.
const FREE_WITHIN_MS = 30_000;
const READY = 'database system is ready to accept connections';
const STILL_OCCUPIED = /lock file "postmaster\.pid" already exists|pre-existing shared memory block/;

/** Finds the cluster of dataDir, or makes it. Only the holder of the owner's lock may call it. */
export async function openCluster(dataDir: string, options: ClusterOptions): Promise<Cluster> {
  const identity = await postgresIdentity();
  const home = await settleHome(dataDir, identity, options.durable);
  await endFormerPostmaster(home.data);
  await sweep(home, identity);
  const binaries = await findBinaries(identity, home.location, await majorOf(home.data));
  const created = !existsSync(home.data);
  if (created) await initialize(home, identity, binaries, options.durable);
  const socket = await makeSocketDirectory(home, identity);
  await writeRecord({
    dataDir,
    ...(home.location !== dataDir && { location: home.location }),
    socket,
    pid: process.pid,
  });
  const command = [binaries.postgres, '-D', home.data, ...settings(socket, options)];
  const remains = options.throwaway ? ownedRemains(home, identity) : undefined;
  return {
    socket: { directory: socket, owner: identity.uid },
    created,
    run: (signal) => run(home, identity, command, { socket, remains, signal }),
    leave: () => removeSocketDirectory(socket, identity),
  };
}

async function run(
  home: Home,
  identity: Identity,
  command: readonly string[],
  options: { socket: string; remains: string | undefined; signal: AbortSignal | undefined },
): Promise<RunningPostgres> {
  const { socket, remains, signal } = options;
  const log = join(home.postgres, 'postgres.log');
  const deadline = performance.now() + FREE_WITHIN_MS;
  for (;;) {
    const formerPid = await endFormerPostmaster(home.data);
    // Since the last run a cleaner may have removed it, and somebody else have taken its name.
    await claimSocketDirectory(socket, identity);
    const guarded = runGuarded(identity, command, { log, scratch: socket, remains, formerPid });
    const failure = await readyOrFailure(guarded, { directory: socket, owner: identity.uid }, log, signal);
    if (failure === undefined) {
      return { ended: guarded.ended.then(({ how }) => lastWords(log, how)), stop: () => stop(guarded) };
    }
    const { words, how } = failure;
    if (!STILL_OCCUPIED.test(words) || performance.now() > deadline) throw Object.assign(new Error(words), how);
    await sleep(POLL_MS);
  }
}

async function lastWords(log: string, how: Ending): Promise<Ending & { words: string }> {
  const said = await tail(log).catch(() => '');
  const ready = said.lastIndexOf(READY);
  return { ...how, words: ready === -1 ? said : said.slice(ready + READY.length).trim() };
}

// What lies in a directory of root's is all that another identity may remove there.
function ownedRemains(home: Home, identity: Identity): string {
  return identity.uid === ownUid() ? home.dataDir : home.postgres;
}

async function stop(guarded: Guarded): Promise<void> {
  guarded.stop();
  await guarded.ended;
}

async function majorOf(data: string): Promise<number | undefined> {
  return existsSync(data) ? Number.parseInt(await readFile(join(data, 'PG_VERSION'), 'utf8')) : undefined;
}

// Under another name first: a kill halfway never leaves something that looks like a cluster.
async function initialize(home: Home, identity: Identity, binaries: Binaries, durable: boolean): Promise<void> {
  const unfinished = await runAs(identity, 'mktemp', ['-d', join(home.postgres, 'new-XXXXXX')]);
  const log = join(home.postgres, 'initdb.log');
  const how = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', ...(durable ? [] : ['--no-sync'])];
  const { how: end, complaint } = await runGuarded(identity, [binaries.initdb, '-D', unfinished, ...how], { log })
    .ended;
  if (end.status !== 0) {
    const words = `${complaint}${await tail(log)}`;
    throw new Error(
      words.includes('could not look up effective user ID')
        ? `initdb needs a user with a name: give uid ${identity.uid} a line in /etc/passwd, run Signet as a user that has one, or set DATABASE_URL`
        : `Cannot make a PostgreSQL cluster in ${home.postgres}:\n${words}`,
    );
  }
  await rename(unfinished, home.data);
  if (durable) await syncDirectory(home.postgres);
}

function settings(socket: string, { durable, maxConnections }: ClusterOptions): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '',
    port: 5432,
    unix_socket_directories: `"${socket.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: maxConnections,
    shared_buffers: '32MB',
    dynamic_shared_memory_type: 'mmap',
    jit: 'off',
    // Statements that fail are the caller's to log; their details may hold personal data.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function readyOrFailure(
  guarded: Guarded,
  socket: SocketPlace,
  log: string,
  signal: AbortSignal | undefined,
): Promise<{ words: string; how?: Ending } | undefined> {
  const deadline = performance.now() + READY_WITHIN_MS;
  let end: Awaited<Guarded['ended']> | undefined;
  void guarded.ended.then((value) => (end = value));
  try {
    while ((await probe(socket)) !== 'ready') {
      if (end) {
        const { how, complaint } = end;
        const says = how.signal === undefined ? `status ${how.status ?? 'unknown'}` : `signal ${how.signal}`;
        return { words: `Postgres did not start (${says}):\n${complaint}${await tail(log)}`, how };
      }
      if (signal?.aborted) {
        await stop(guarded);
        return { words: 'Postgres was told to end before it took connections.' };
      }
      if (performance.now() > deadline) {
        await stop(guarded);
        return { words: `Postgres took no connections within ${READY_WITHIN_MS / 1000} s:\n${await tail(log)}` };
      }
      await sleep(POLL_MS);
    }
  } catch (error) {
    await stop(guarded);
    throw error;
  }
  guarded.detach();
  return undefined;
}
