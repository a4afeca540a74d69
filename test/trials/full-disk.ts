// A disk that is full, for a person to try: Signet stays, answers documents and keys, and is whole again when there is room.
// `npm run trial:full-disk [FOLDER]`: FOLDER lies on a file system of less than 2 GB of its own; without one, root gets a
// tmpfs of 320 MB for as long as it takes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../src/testing/start.ts';
import { createAgent } from '../support/agent.ts';
import { submitPassword } from '../support/flow.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
import { check, say } from './saying.ts';

const admin = { username: 'root', password: 'a pass phrase for an administrator' };
const MEGABYTE = 1024 * 1024;

using disk = smallDisk(process.argv[2]);
const dataDir = join(disk.path, 'signet');
const port = await freePort();
const issuer = `http://localhost:${port}`;
const signet = await startProcess({ PORT: String(port), DATA_DIR: dataDir, DRAIN_SECONDS: '0' });
try {
  await tryOut(signet);
} finally {
  signet.kill('SIGINT');
  const { code } = await signet.ended;
  check('told to end, it ends with 0', code === 0);
}
say(process.exitCode ? 'NOT survived' : 'survived');

async function tryOut(signet: SignetProcess): Promise<void> {
  const browser = createAgent();
  await signet.says('/setup?token=');
  const token = /setup\?token=(\S+)/.exec(signet.output())![1]!;
  await browser.post(`${issuer}/setup`, { token, email: 'root@example.com', ...admin });
  await submitPassword(browser, await browser.get(`${issuer}/sign-in`), admin);
  check('signed in', (await browser.get(`${issuer}/account`)).status === 200);

  const filler = join(disk.path, 'filler');
  say(`the disk is filled: ${fill(filler)} MB`);
  // A segment of the write-ahead log is 16 MB, and its successor finds no room.
  const statuses = new Map<number, number>();
  const count = (status: number) => statuses.set(status, (statuses.get(status) ?? 0) + 1);
  const ended = signet.says('the embedded PostgreSQL ended by itself').then(() => true);
  for (let turn = 0; turn < 60; turn += 1) {
    const stranger = createAgent();
    const page = await stranger.get(`${issuer}/sign-in`);
    count(page.status);
    if (page.status === 200) count((await submitPassword(stranger, page, { ...admin, password: 'wrong' })).status);
    await nextSegment();
    if (await Promise.race([ended, sleep(50, false)])) break;
  }
  say(`sign-ins until PostgreSQL ended: ${[...statuses].map(([status, n]) => `${n} of ${status}`).join(', ')}`);
  check('PostgreSQL ended for want of room', await Promise.race([ended, sleep(10_000, false)]));
  await signet.says(/did not start: Signet stays/);
  check('and does not start, for want of room', /No space left on device/.test(signet.output()));
  for (const [path, status] of [
    ['/live', 200],
    ['/ready', 503],
    ['/.well-known/openid-configuration', 200],
    ['/oauth/jwks', 200],
    ['/sign-in', 200],
  ] as const)
    check(`${path} ${status}`, (await fetch(`${issuer}${path}`)).status === status);
  check('the account page 503', (await browser.get(`${issuer}/account`)).status === 503);

  rmSync(filler);
  const since = performance.now();
  while ((await fetch(`${issuer}/ready`)).status !== 200 && performance.now() - since < 60_000) await sleep(100);
  say(`there is room again: ready after ${((performance.now() - since) / 1000).toFixed(1)} s`);
  check('who was signed in still is', (await browser.get(`${issuer}/account`)).status === 200);
  const another = createAgent();
  const again = await submitPassword(another, await another.get(`${issuer}/sign-in`), admin);
  check('and others can sign in', again.status === 303);
}

/** Ends the segment of the write-ahead log that is being written, if PostgreSQL is there. */
async function nextSegment(): Promise<void> {
  const { socket } = JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8')) as { socket: string };
  const client = new pg.Client({ host: socket, port: 5432, user: 'postgres', database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT pg_logical_emit_message(true, $1, $1), pg_switch_wal()', ['full disk']);
  } catch {
    // What this is for.
  } finally {
    await client.end().catch(() => {});
  }
}

/** @returns the megabytes that it took. */
function fill(file: string): number {
  const descriptor = openSync(file, 'w');
  let bytes = 0;
  for (let size = MEGABYTE; size >= 1;) {
    try {
      bytes += writeSync(descriptor, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      size = Math.floor(size / 16);
    }
  }
  closeSync(descriptor);
  return Math.round(bytes / MEGABYTE);
}

function smallDisk(given: string | undefined): Disposable & { path: string } {
  if (given !== undefined) {
    const { bsize, blocks } = statfsSync(given);
    if (bsize * blocks > 2048 * MEGABYTE)
      throw new Error(`${given} is on a large file system, which this would fill up`);
    const path = mkdtempSync(join(resolve(given), 'full-disk-'));
    return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 20 }) };
  }
  if (process.getuid?.() !== 0)
    throw new Error('name a folder on a file system of less than 2 GB, or run this as root');
  const path = mkdtempSync(join(tmpdir(), 'full-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=320m,mode=711', 'none', path]);
  mkdirSync(join(path, 'signet'));
  return {
    path,
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', path]);
      rmSync(path, { recursive: true, force: true });
    },
  };
}
