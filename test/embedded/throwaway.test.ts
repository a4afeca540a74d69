// A cluster for tests: prepared once, there at once, gone with its owner.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startThrowawayPostgres, type ThrowawayPostgres } from '../../src/testing/throwaway.ts';
import { databaseUrl, query } from '../support/database.ts';
import { postgresProcesses, root } from '../support/signet-process.ts';

let folder: string;
let archive: string;
let prepared = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signet-test-'));
  archive = join(folder, 'cache', 'cluster.tar');
});
afterAll(() => rm(folder, { recursive: true }));

const urlOf = ({ connection: { host, user } }: ThrowawayPostgres) => databaseUrl(host, user, 'postgres');

function start(kept = archive): Promise<ThrowawayPostgres> {
  return startThrowawayPostgres({
    archive: kept,
    maxConnections: 20,
    prepare: async (connection) => {
      prepared += 1;
      await query(databaseUrl(connection.host, connection.user, 'postgres'), 'CREATE TABLE marks (mark int)');
    },
  });
}

/** Works as prepared, and every file of it is gone in the end. */
async function useUp(postgres: ThrowawayPostgres): Promise<void> {
  const directory = directoryOf(postgres.connection.host);
  expect(await query(urlOf(postgres), 'SELECT * FROM marks')).toEqual([]);
  expect(await query(urlOf(postgres), 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
  await postgres.stop();
  expect(existsSync(directory)).toBe(false);
  expect(await postgresProcesses(directory)).toEqual([]);
}

function directoryOf(socket: string): string {
  return dirname(dirname(socket));
}

test('two first starts at once both work; later ones prepare nothing', async () => {
  const both = await Promise.all([start(), start()]);
  await Promise.all(both.map(useUp));
  expect(prepared).toBe(2);
  await useUp(await start());
  expect(prepared).toBe(2);
});

test('a damaged archive is made anew, and those of other versions go', async () => {
  await writeFile(archive, 'not an archive');
  await writeFile(join(dirname(archive), 'former.tar'), '');
  const before = prepared;
  await useUp(await start());
  expect(await readdir(dirname(archive))).toEqual(['cluster.tar']);
  await useUp(await start());
  expect(prepared).toBe(before + 1);
});

test('where nothing can be kept it works all the same', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await useUp(await start(join(file, 'cluster.tar')));
});

test('the owner is killed: PostgreSQL ends and its files go', async () => {
  const owner = fork(join(root, 'test/support/throwaway-owner.ts'), [join(folder, 'owned.tar')]);
  const [socket] = (await once(owner, 'message')) as [string];
  const directory = directoryOf(socket);
  expect(await postgresProcesses(directory)).not.toEqual([]);
  owner.kill('SIGKILL');
  await expect.poll(() => postgresProcesses(directory)).toEqual([]);
  // What root's directory itself is, only root could remove: the next start does.
  const rest = process.getuid?.() === 0 ? join(directory, 'postgres', 'data') : directory;
  await expect.poll(() => existsSync(rest)).toBe(false);
  await rm(directory, { recursive: true, force: true });
});

test('a start removes what killed ones left, and nothing that is in use or new', async () => {
  const running = await start();
  const own = directoryOf(running.connection.host);
  const abandoned = await mkdtemp(join(dirname(own), 'signet-testing-'));
  const fresh = await mkdtemp(join(dirname(own), 'signet-testing-'));
  try {
    const past = (await stat(own)).mtimeMs / 1000 - 90;
    await utimes(own, past, past);
    await utimes(abandoned, past, past);
    await useUp(await start());
    expect([existsSync(abandoned), existsSync(fresh)]).toEqual([false, true]);
    await useUp(running);
  } finally {
    await rm(fresh, { recursive: true });
  }
});
