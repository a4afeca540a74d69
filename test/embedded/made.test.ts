// What a start made in an empty DATA_DIR goes again on demand; what was there before, or is another's by now, stays.
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { undoOfMaking } from '../../src/embedded/made.ts';
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts';

vi.setConfig({ testTimeout: 60_000 });

let parent: string;
let dataDir: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'signet-test-'));
  // PostgreSQL must be able to pass through it, also when this is root.
  await chmod(parent, 0o755);
  dataDir = join(parent, 'some/data');
});
afterEach(() => rm(parent, { recursive: true, force: true, maxRetries: 20 }));

/** A cluster is made and stopped. @returns where its files are. */
async function made(): Promise<string> {
  const postgres = await startEmbeddedPostgres(dataDir, { durable: false });
  await postgres.stop();
  const { place = dataDir } = JSON.parse(await readFile(join(dataDir, 'postgres.json'), 'utf8')) as { place?: string };
  expect(existsSync(join(place, 'postgres/data'))).toBe(true);
  return place;
}

test.each([
  ['in DATA_DIR', 0o755],
  ['as root, in a directory of its own where PostgreSQL cannot pass', 0o700],
])('a cluster %s goes with the directories that were made for it', async (_where, mode) => {
  await chmod(parent, mode);
  const undo = await undoOfMaking(dataDir);
  const place = await made();
  await undo();
  expect(existsSync(place)).toBe(false);
  expect(await readdir(parent)).toEqual([]);
});

test('what lay in DATA_DIR before stays there', async () => {
  await mkdir(dataDir, { recursive: true });
  await writeFile(join(dataDir, 'secret-key'), 'kept');
  const undo = await undoOfMaking(dataDir);
  await made();
  await undo();
  expect(await readdir(dataDir)).toEqual(['secret-key']);
});

test('a cluster that was there before stays', async () => {
  const place = await made();
  const undo = await undoOfMaking(dataDir);
  const again = await startEmbeddedPostgres(dataDir, { durable: false });
  await again.stop();
  await undo();
  expect(existsSync(join(place, 'postgres/data'))).toBe(true);
});

test('a cluster that runs, or that another process has started since, stays', async () => {
  const undo = await undoOfMaking(dataDir);
  const place = await made();
  const running = await startEmbeddedPostgres(dataDir, { durable: false });
  await undo();
  await running.stop();
  expect(existsSync(join(place, 'postgres/data'))).toBe(true);
  const file = join(dataDir, 'postgres.json');
  const record = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...record, pid: process.pid + 1 }));
  await undo();
  expect(existsSync(join(place, 'postgres/data'))).toBe(true);
});
