// The socket of an embedded Postgres in a directory that everybody shares: cleaners come by, and other users.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readConfig } from '../../src/config/read.ts';
import { SOCKET_NAME } from '../../src/embedded/probe.ts';
import { readRecord } from '../../src/embedded/record.ts';
import type { PostgresNews } from '../../src/embedded/supervise.ts';
import { openStore, type Store } from '../../src/start/database.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

const MODULE = new URL('../../src/embedded/postgres.ts', import.meta.url).href;
const ROOT = process.getuid?.() === 0;
const STRANGER = 12345;

const cleanups: (() => unknown)[] = [];
let base: string;
let dataDir: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await chmod(base, 0o755);
  // Too long for a socket, which is then put elsewhere.
  dataDir = join(base, 'd'.repeat(100));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await rm(base, { recursive: true, maxRetries: 20 });
});

const configOf = () => readConfig({ DATA_DIR: dataDir }).config;

async function open(how: 'make' | 'attach', tell: (news: PostgresNews) => void = () => {}): Promise<Store> {
  const store = (await openStore(configOf(), how, { poolSize: 2, tell }))!;
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= store.close());
  cleanups.push(close);
  return { ...store, close };
}

async function socketDirectory(): Promise<string> {
  const { socket } = (await readRecord(dataDir))!;
  expect(socket).toMatch(new RegExp(`^${tmpdir()}/signet-pg-`));
  return socket!;
}

async function killPostmaster(): Promise<void> {
  process.kill(Number.parseInt(await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')), 'SIGKILL');
}

const ask = (store: Store) => store.database.send({ text: 'SELECT 1', name: 'one' }, []);

test.each(['the files in it', 'the directory'])(
  'a cleaner removes %s: started again at the same place',
  async (what) => {
    const told: string[] = [];
    const store = await open('make', (news) => told.push(news.what));
    const socket = await socketDirectory();
    const files = await readdir(socket);
    for (const name of files) await rm(join(socket, name), { recursive: true });
    if (what === 'the directory') await rm(socket, { recursive: true });
    await killPostmaster();
    await expect.poll(() => told, { timeout: 20_000 }).toContain('running');
    expect((await stat(socket)).mode & 0o777).toBe(0o700);
    expect((await ask(store)).count).toBe(1);
    await store.close();
    expect(existsSync(socket)).toBe(false);
  },
);

test('another user takes the directory: nothing of ours goes there, it is said, and all is well when that is gone', async ({
  skip,
}) => {
  if (!ROOT) skip('only root can make a directory of another user');
  const told: PostgresNews[] = [];
  const store = await open('make', (news) => told.push(news));
  const patient = store.openPatient({});
  const attached = await open('attach');
  const socket = await socketDirectory();
  let visits = 0;
  const impostor = createServer((visitor) => {
    visits += 1;
    visitor.destroy();
  });
  cleanups.push(() => impostor.close());
  await rm(socket, { recursive: true });
  await mkdir(socket);
  await new Promise<void>((resolve) => impostor.listen(join(socket, SOCKET_NAME), resolve));
  await chown(socket, STRANGER, STRANGER);
  await chmod(socket, 0o777);
  await chmod(join(socket, SOCKET_NAME), 0o777);
  await killPostmaster();
  const words = () => told.flatMap((news) => (news.what === 'not started' ? [news.words] : []));
  await expect.poll(words, { timeout: 20_000 }).toContainEqual(expect.stringContaining(`belongs to uid ${STRANGER}`));
  for (const attempt of [
    () => ask(store),
    () => ask(attached),
    () => patient.send({ text: 'SELECT 1', name: 'one' }, []),
  ])
    await expect(attempt()).rejects.toThrow('the database cannot be reached');
  await expect(store.assertReachable()).rejects.toThrow(`belongs to uid ${STRANGER}`);
  await expect(store.migrate()).rejects.toThrow(`belongs to uid ${STRANGER}`);
  expect(visits).toBe(0);
  await rm(socket, { recursive: true });
  await expect.poll(() => told.at(-1)?.what, { timeout: 30_000 }).toBe('running');
  for (const each of [store, attached]) expect((await ask(each)).count).toBe(1);
});

/** Another process that owns the cluster, once that runs. */
async function startOwner(): Promise<ChildProcess> {
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(MODULE)});
    const tell = ({ what }) => console.log(what);
    await startEmbeddedPostgres(${JSON.stringify(dataDir)}, { durable: false, tell });
    console.log('started');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    cwd: '/',
  });
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

test.each([false, true])(
  'the owner is killed (after another run of Postgres: %s): nothing stays behind',
  async (again) => {
    const owner = await startOwner();
    const lines = createInterface(owner.stdout!);
    const said: string[] = [];
    lines.on('line', (line) => said.push(line));
    await expect.poll(() => said, { timeout: 20_000 }).toContain('started');
    const socket = await socketDirectory();
    if (again) {
      await killPostmaster();
      await expect.poll(() => said, { timeout: 20_000 }).toContain('running');
    }
    const exit = once(owner, 'exit');
    owner.kill('SIGKILL');
    await exit;
    await expect.poll(() => existsSync(socket), { timeout: 10_000 }).toBe(false);
    const markers = async () =>
      (await readdir(join(dataDir, 'postgres'))).filter((name) => /\.(?:runs|ended)$/.test(name));
    await expect.poll(markers).toEqual([]);
  },
);
