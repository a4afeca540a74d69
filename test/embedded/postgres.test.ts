// The embedded Postgres as its users meet it: real processes, real kills, real data.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../../src/embedded/postgres.ts';
import type { EmbeddedPostgres, PostgresConnection } from '../../src/embedded/postgres.ts';
import type { PostgresNews } from '../../src/embedded/supervise.ts';

const MODULE = new URL('../../src/embedded/postgres.ts', import.meta.url).href;
const ROOT = process.getuid?.() === 0;
const STRANGER = 12345;
// initdb refuses a uid without a name.
const NOBODY = 65534;

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function emptyDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signet-test-'));
  // Retried, because the guard of a killed owner may still be at work in it.
  cleanups.push(() => rm(dataDir, { recursive: true, maxRetries: 20 }));
  return dataDir;
}

/** A DATA_DIR that has been used before: a copy, because initdb takes its time. */
async function usedDataDir(): Promise<string> {
  const dataDir = await emptyDataDir();
  spawnSync('cp', ['-a', `${template}/.`, dataDir]);
  return dataDir;
}

let template: string;
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await (await startEmbeddedPostgres(template, { durable: false })).stop();
});
afterAll(() => rm(template, { recursive: true }));

async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(dataDir, { durable: false });
  cleanups.push(() => postgres.stop());
  return postgres;
}

type OtherProcess = { readonly process: ChildProcess; kill(): Promise<void> };
type OtherOptions = { readonly uid?: number; readonly durable?: boolean };

/** A process that starts the cluster and keeps it until it is killed or its standard input ends. */
function otherProcess(dataDir: string, { uid, durable = false }: OtherOptions = {}): OtherProcess {
  const program = `
    process.on("SIGINT", () => {});
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)});
    const { attached, connection, stop } = await startEmbeddedPostgres(${JSON.stringify(dataDir)}, { durable: ${durable} });
    console.log(JSON.stringify({ attached, connection }));
    process.stdin.resume().on("end", stop);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
    detached: true,
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  cleanups.push(kill);
  return { process: child, kill };
}

type Started = OtherProcess & { readonly attached: boolean; readonly connection: PostgresConnection };

/** The same, once it has its connection. */
async function startElsewhere(dataDir: string, options?: OtherOptions): Promise<Started> {
  const other = otherProcess(dataDir, options);
  if (!other.process.stdout) throw new Error('The other process has no standard output');
  for await (const line of createInterface(other.process.stdout)) {
    return { ...other, ...(JSON.parse(line) as Pick<Started, 'attached' | 'connection'>) };
  }
  throw new Error('The other process ended without a cluster');
}

async function query(connection: PostgresConnection, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ ...connection, port: 5432 });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows.flatMap((row) => Object.values(row));
  } finally {
    await client.end();
  }
}

function processesWith(text: string): { pid: number; command: string }[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes(text))
    .map((line) => ({ pid: Number.parseInt(line), command: line.replace(/^\d+\s+/, '') }));
}

function postmasters(dataDir: string): number[] {
  return processesWith(`/postgres -D ${dataDir}/`)
    .filter(({ command }) => !command.startsWith('/bin/sh'))
    .map(({ pid }) => pid);
}

async function sockets(dataDir: string): Promise<string[]> {
  return (await readdir(join(dataDir, 'postgres'))).filter((name) => name.startsWith('signet-pg-'));
}

describe('starting and stopping', () => {
  test('what was written before a stop is there after the next start', async () => {
    const dataDir = await emptyDataDir();
    const first = await startEmbeddedPostgres(dataDir);
    expect(first.attached).toBe(false);
    await query(first.connection, 'CREATE TABLE kept AS SELECT 1 AS n');
    expect(await query(first.connection, 'SHOW fsync')).toEqual(['on']);
    await first.stop();
    const second = await start(dataDir);
    expect(await query(second.connection, 'SELECT n FROM kept')).toEqual([1]);
  });

  test('a stop ends the postmaster and removes its socket, however often it is called', async () => {
    const dataDir = await usedDataDir();
    const postgres = await start(dataDir);
    const { mode } = await stat(postgres.connection.host);
    expect(mode & 0o777).toBe(0o700);
    // A process that is just being forked looks like its parent.
    await expect.poll(() => postmasters(dataDir)).toHaveLength(1);
    await Promise.all([postgres.stop(), postgres.stop()]);
    await postgres.stop();
    expect(postmasters(dataDir)).toEqual([]);
    expect(await sockets(dataDir)).toEqual([]);
  });

  test('nothing listens on TCP, and failed statements leave no trace in the log', async () => {
    const dataDir = await usedDataDir();
    const { connection } = await start(dataDir);
    expect(await query(connection, 'SHOW listen_addresses')).toEqual(['']);
    await expect(query(connection, "SELECT 'secret'::int")).rejects.toThrow('invalid input syntax');
    const log = await readFile(join(dataDir, 'postgres', 'postgres.log'), 'utf8');
    expect(log).toContain('ready to accept connections');
    expect(log).not.toContain('secret');
  });

  test('a cluster that cannot start says why, and the next start is not blocked by it', async () => {
    const dataDir = await usedDataDir();
    const attempt = startEmbeddedPostgres(dataDir, { durable: false, maxConnections: -1 });
    await expect(attempt).rejects.toThrow(/-1 is outside the valid range.*max_connections/);
    const { connection } = await start(dataDir);
    expect(await query(connection, 'SELECT 1')).toEqual([1]);
    expect(await sockets(dataDir)).toHaveLength(1);
  });
});

describe('several processes on one DATA_DIR', () => {
  test("a second process attaches, and its stop leaves the owner's cluster alone", async () => {
    const dataDir = await usedDataDir();
    const owner = await startElsewhere(dataDir);
    expect(owner.attached).toBe(false);
    const second = await start(dataDir);
    expect(second).toMatchObject({ attached: true, connection: owner.connection });
    await second.stop();
    expect(await query(owner.connection, 'SELECT 1')).toEqual([1]);
  });

  test('three first starts at once: one makes the cluster, two attach', async () => {
    const dataDir = await emptyDataDir();
    const all = await Promise.all([1, 2, 3].map(() => startElsewhere(dataDir)));
    expect(all.map(({ attached }) => attached).filter(Boolean)).toEqual([true, true]);
    const identifiers = await Promise.all(
      all.map(({ connection }) => query(connection, 'SELECT system_identifier FROM pg_control_system()')),
    );
    expect(new Set(identifiers.flat()).size).toBe(1);
    expect(postmasters(dataDir)).toHaveLength(1);
  });

  test('a process that waits for the owner to stop takes over the cluster', async () => {
    const dataDir = await usedDataDir();
    const owner = await startElsewhere(dataDir);
    await query(owner.connection, 'CREATE TABLE kept AS SELECT 1 AS n');
    owner.process.stdin?.end();
    await once(owner.process, 'exit');
    const next = await start(dataDir);
    expect(next.attached).toBe(false);
    expect(await query(next.connection, 'SELECT n FROM kept')).toEqual([1]);
  });

  test('a copy of a running DATA_DIR is a cluster of its own', async () => {
    const dataDir = await usedDataDir();
    const original = await start(dataDir);
    const copy = await emptyDataDir();
    spawnSync('cp', ['-a', `${dataDir}/.`, copy]);
    expect(await findEmbeddedPostgres(copy)).toBeUndefined();
    const second = await start(copy);
    expect(second.attached).toBe(false);
    expect(second.connection.host).not.toBe(original.connection.host);
    await query(second.connection, 'CREATE TABLE only_here (n int)');
    await expect(query(original.connection, 'SELECT n FROM only_here')).rejects.toThrow('does not exist');
  });

  test('finding: nothing before the start, the cluster while it runs, nothing after it', async () => {
    const dataDir = await emptyDataDir();
    expect(await findEmbeddedPostgres(join(dataDir, 'missing'))).toBeUndefined();
    expect(await findEmbeddedPostgres(dataDir)).toBeUndefined();
    expect(await readdir(dataDir)).toEqual([]);
    const owner = await startElsewhere(dataDir);
    expect(await findEmbeddedPostgres(dataDir)).toEqual(owner.connection);
    await owner.kill();
    expect(await findEmbeddedPostgres(dataDir)).toBeUndefined();
  });
});

describe('an end that nobody asked for', () => {
  /** Its postmaster, killed as the kernel kills when memory is short. */
  const killPostmaster = (dataDir: string) => process.kill(postmasters(dataDir)[0]!, 'SIGKILL');

  async function startTold(dataDir: string): Promise<{ postgres: EmbeddedPostgres; told: PostgresNews[] }> {
    const told: PostgresNews[] = [];
    const postgres = await startEmbeddedPostgres(dataDir, { tell: (news) => told.push(news) });
    cleanups.push(() => postgres.stop());
    return { postgres, told };
  }

  test('it is started again, at the same socket, with every committed row', async () => {
    const dataDir = await usedDataDir();
    const { postgres, told } = await startTold(dataDir);
    await query(postgres.connection, 'CREATE TABLE kept AS SELECT 1 AS n');
    for (const round of [1, 2]) {
      killPostmaster(dataDir);
      await expect
        .poll(() => told.map(({ what }) => what).join(), { timeout: 15_000 })
        .toBe('ended,running,'.repeat(round).slice(0, -1));
      expect(await query(postgres.connection, 'SELECT n FROM kept')).toEqual([1]);
    }
    expect(postmasters(dataDir)).toHaveLength(1);
    expect(await sockets(dataDir)).toHaveLength(1);
    await postgres.stop();
    expect(postmasters(dataDir)).toEqual([]);
    expect(await sockets(dataDir)).toEqual([]);
  });

  test('the directory of the socket stays ours while nothing listens in it', async () => {
    const dataDir = await usedDataDir();
    const { postgres, told } = await startTold(dataDir);
    await rename(join(dataDir, 'postgres/data/pg_wal'), join(dataDir, 'postgres/wal-elsewhere'));
    killPostmaster(dataDir);
    await expect.poll(() => told.at(-1)?.what, { timeout: 15_000 }).toBe('not started');
    expect((await stat(postgres.connection.host)).mode & 0o777).toBe(0o700);
    await postgres.stop();
    expect(await sockets(dataDir)).toEqual([]);
    await rename(join(dataDir, 'postgres/wal-elsewhere'), join(dataDir, 'postgres/data/pg_wal'));
  });

  test('a stop between two starts, and one in the middle of a start, end at once with nothing left', async () => {
    const dataDir = await usedDataDir();
    for (const pause of [0, 400]) {
      const { postgres, told } = await startTold(dataDir);
      killPostmaster(dataDir);
      await expect.poll(() => told.length, { interval: 5 }).toBe(1);
      await sleep(pause);
      await postgres.stop();
      expect(postmasters(dataDir)).toEqual([]);
      expect(await sockets(dataDir)).toEqual([]);
    }
  });

  test('the owner killed while nothing runs: the next start takes over', async () => {
    const dataDir = await usedDataDir();
    const owner = await startElsewhere(dataDir);
    await rename(join(dataDir, 'postgres/data/pg_wal'), join(dataDir, 'postgres/wal-elsewhere'));
    killPostmaster(dataDir);
    await expect.poll(() => postmasters(dataDir), { timeout: 15_000 }).toEqual([]);
    await owner.kill();
    await rename(join(dataDir, 'postgres/wal-elsewhere'), join(dataDir, 'postgres/data/pg_wal'));
    const next = await start(dataDir);
    expect(next.attached).toBe(false);
    expect(await sockets(dataDir)).toHaveLength(1);
  });
});

describe('a violent end', () => {
  test('kill -9 of the owner: a start right after it has every committed row and one postmaster', async () => {
    const dataDir = await usedDataDir();
    for (let round = 0; round < 3; round++) {
      const owner = await startElsewhere(dataDir, { durable: true });
      expect(owner.attached).toBe(false);
      await query(owner.connection, 'CREATE TABLE IF NOT EXISTS kept (n int)');
      const idle = new pg.Client({ ...owner.connection, port: 5432 });
      idle.on('error', () => {});
      await idle.connect();
      await idle.query('BEGIN');
      await idle.query('INSERT INTO kept VALUES (-1)');
      await query(owner.connection, `INSERT INTO kept VALUES (${round})`);
      await owner.kill();
    }
    const next = await start(dataDir);
    expect(next.attached).toBe(false);
    expect(await query(next.connection, 'SELECT n FROM kept ORDER BY n')).toEqual([0, 1, 2]);
    expect(postmasters(dataDir)).toHaveLength(1);
    expect(await sockets(dataDir)).toHaveLength(1);
  });

  test('kill -9 of the owner in the middle of the first start leaves nothing running and blocks nobody', async () => {
    const dataDir = await emptyDataDir();
    const owner = otherProcess(dataDir);
    await expect.poll(() => processesWith(`initdb -D ${dataDir}/postgres/new-`).length).toBeGreaterThan(0);
    await owner.kill();
    const { connection } = await start(dataDir);
    expect(await query(connection, 'SELECT 1')).toEqual([1]);
    const unfinished = async () => (await readdir(join(dataDir, 'postgres'))).filter((name) => name.startsWith('new-'));
    // An initdb that had not begun when its owner died makes the directory anew, and removes it on its way out.
    await expect.poll(unfinished).toEqual([]);
  });

  test('owner, guard and postmaster killed at once, as by a power cut: the next start recovers', async () => {
    const dataDir = await usedDataDir();
    const owner = await startElsewhere(dataDir, { durable: true });
    await query(owner.connection, 'CREATE TABLE kept AS SELECT 1 AS n');
    killAll(dataDir);
    await owner.kill();
    expect(existsSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'))).toBe(true);
    expect(await sockets(dataDir)).toHaveLength(1);
    const next = await start(dataDir);
    expect(await query(next.connection, 'SELECT n FROM kept')).toEqual([1]);
    expect(await sockets(dataDir)).toHaveLength(1);
  });

  test('a stale postmaster.pid whose number is in use again does not block', async () => {
    const dataDir = await usedDataDir();
    await (await start(dataDir)).stop();
    const data = join(dataDir, 'postgres', 'data');
    const { uid, gid } = await stat(data);
    const bystander = spawn('sleep', ['60'], { uid, gid, cwd: '/', stdio: 'ignore' });
    cleanups.push(async () => bystander.kill('SIGKILL'));
    const file = join(data, 'postmaster.pid');
    await writeFile(file, `${bystander.pid}\n${data}\n`, { mode: 0o600 });
    await chown(file, uid, gid);
    const { connection } = await start(dataDir);
    expect(await query(connection, 'SELECT 1')).toEqual([1]);
  });

  test('an orphan whose guard died too is stopped before the next start', async () => {
    const dataDir = await usedDataDir();
    const owner = await startElsewhere(dataDir);
    killAll(dataDir, (command) => command.startsWith('/bin/sh'));
    const [orphan] = postmasters(dataDir);
    await owner.kill();
    const next = await start(dataDir);
    expect(next.attached).toBe(false);
    expect(postmasters(dataDir)).not.toContain(orphan);
    expect(postmasters(dataDir)).toHaveLength(1);
  });

  test('Ctrl-C, sent to the whole process group, does not reach Postgres', async () => {
    const owner = await startElsewhere(await usedDataDir());
    process.kill(-(owner.process.pid ?? 0), 'SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await query(owner.connection, 'SELECT 1')).toEqual([1]);
  });

  function killAll(dataDir: string, which: (command: string) => boolean = () => true): void {
    for (const { pid, command } of processesWith(`-D ${dataDir}/`)) {
      if (which(command)) process.kill(pid, 'SIGKILL');
    }
  }
});

describe('users', () => {
  test.runIf(ROOT)("as root, Postgres runs as nobody and root's DATA_DIR stays unlistable", async () => {
    const dataDir = await usedDataDir();
    await start(dataDir);
    const { uid, mode } = await stat(dataDir);
    expect([uid, mode & 0o777]).toEqual([0, 0o701]);
    expect((await stat(join(dataDir, 'postgres'))).uid).not.toBe(0);
  });

  test.runIf(ROOT)('as an ordinary user, with a DATA_DIR of its own', async ({ skip }) => {
    const readable = spawnSync('test', ['-r', new URL(MODULE).pathname], {
      uid: NOBODY,
      gid: NOBODY,
    });
    if (readable.status !== 0) skip('the checkout is closed to other users');
    const dataDir = await emptyDataDir();
    await chown(dataDir, NOBODY, NOBODY);
    const owner = await startElsewhere(dataDir, { uid: NOBODY });
    expect(await query(owner.connection, 'SELECT 1')).toEqual([1]);
    expect((await stat(join(dataDir, 'postgres', 'data'))).uid).toBe(NOBODY);
    await owner.kill();
    expect((await startElsewhere(dataDir, { uid: NOBODY })).attached).toBe(false);
    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow(`belongs to uid ${NOBODY}`);
  });

  test.runIf(ROOT)('as root, files that another user planted in DATA_DIR are refused', async () => {
    const dataDir = await emptyDataDir();
    await mkdir(join(dataDir, 'postgres'));
    await chown(join(dataDir, 'postgres'), STRANGER, STRANGER);
    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow('must be a directory of uid');
    await rm(join(dataDir, 'postgres'), { recursive: true });
    await writeFile(join(dataDir, 'postgres.json'), '{"pid":1,"socket":"/tmp"}');
    await chown(join(dataDir, 'postgres.json'), STRANGER, STRANGER);
    await expect(findEmbeddedPostgres(dataDir)).resolves.toBeUndefined();
    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow('postgres.json');
  });

  test.runIf(ROOT)(
    'as root, below a directory closed to others, the data go to a private place on record',
    async () => {
      const closed = await emptyDataDir();
      const dataDir = join(closed, 'data');
      const first = await start(dataDir);
      await query(first.connection, 'CREATE TABLE kept AS SELECT 1 AS n');
      await first.stop();
      const { place } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as {
        place: string;
      };
      cleanups.unshift(() => rm(place, { recursive: true }));
      expect((await stat(place)).uid).toBe(0);
      const second = await start(dataDir);
      expect(await query(second.connection, 'SELECT n FROM kept')).toEqual([1]);
      expect((await stat(closed)).mode & 0o077).toBe(0);
    },
  );
});
