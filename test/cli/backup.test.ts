// `signet backup`, `restore` and `restored` at the terminal: what they say, how they end, and which files they leave.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { changed, isUntouched } from '../support/backups.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { type Ended, runSignet } from '../support/signet-process.ts';

// On a machine with much else to do a start may take long.
vi.setConfig({ testTimeout: 120_000 });

let directory: string;
let source: TestDatabase;
let empty: TestDatabase;
let env: Record<string, string>;
const at = (name: string) => join(directory, name);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  source = await createDatabase();
  empty = await createDatabase('template1');
  env = { SECRET_KEY: randomBytes(32).toString('base64'), PASSWORD_HASH_MEMORY_KIB: '7168' };
  await writeFile(at('world.json'), JSON.stringify({ users: [{ username: 'ada' }] }));
  expect((await signet(source, 'apply', at('world.json'))).code).toBe(0);
});
afterAll(async () => {
  await source.drop();
  await empty.drop();
  await rm(directory, { recursive: true, force: true });
});

function signet(database: TestDatabase, ...args: string[]): Promise<Ended> {
  return start(database, ...args).ended;
}

function start(database: TestDatabase, ...args: string[]) {
  return runSignet(['src/cli/signet.ts', ...args], { ...env, DATABASE_URL: database.url });
}

test('backup: mode 600, nothing beside it, and SECRET_KEY is called to mind', async () => {
  const { code, output, stdout } = await signet(source, 'backup', at('one.gz'), '--json');
  expect(code, output).toBe(0);
  const { mode, size } = await stat(at('one.gz'));
  expect(JSON.parse(stdout)).toEqual({ file: at('one.gz'), rows: expect.any(Number) as number, bytes: size });
  expect(mode & 0o777).toBe(0o600);
  expect(output).toContain('SECRET_KEY is not in it');
  expect(await readdir(directory)).toEqual(['one.gz', 'world.json']);
});

test('backup over a file: refused with 4 and left as it is; with --force replaced', async () => {
  await writeFile(at('mine.txt'), 'mine');
  const refused = await signet(source, 'backup', at('mine.txt'));
  expect([refused.code, refused.stdout]).toEqual([4, '']);
  expect(refused.output).toContain('--force');
  expect(await readFile(at('mine.txt'), 'utf8')).toBe('mine');
  expect((await signet(source, 'backup', '--force', at('mine.txt'))).code).toBe(0);
  expect((await stat(at('mine.txt'))).size).toBeGreaterThan(500);
});

test('backup that cannot be written or is stopped: 1, and no part of a file stays', async () => {
  const nowhere = await signet(source, 'backup', at('no/such/folder.gz'));
  expect([nowhere.code, nowhere.output]).toEqual([
    1,
    expect.stringContaining('cannot be written: its directory does not exist.'),
  ]);
  const before = await readdir(directory);
  const holder = new pg.Client({ connectionString: source.url });
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
  const stopped = start(source, 'backup', at('late.gz'));
  await expect.poll(() => readdir(directory)).toContainEqual(expect.stringMatching(/^late\.gz\.\w+\.part$/));
  stopped.kill('SIGTERM');
  expect((await stopped.ended).code).toBe(1);
  await holder.end();
  expect(await readdir(directory)).toEqual(before);
});

test('backup of a database in which nothing was set up, or of none: 1, with what to do', async () => {
  const nothing = await signet(empty, 'backup', at('nothing.gz'));
  expect([nothing.code, nothing.output]).toEqual([1, expect.stringContaining('signet migrate')]);
  expect(await isUntouched(empty.url)).toBe(true);
});

test('a command line that is wrong: 2; a backup that is not there: 3', async () => {
  const [bare, unknown, missing] = await Promise.all([
    signet(source, 'backup'),
    signet(source, 'restore', '--overwrite', at('one.gz')),
    signet(empty, 'restore', at('none.gz')),
  ]);
  expect([bare.code, unknown.code, missing.code]).toEqual([2, 2, 3]);
  expect(missing.output).toMatch(/Nothing was restored\.\n  There is no file .*none\.gz\./);
});

test('restore of something else: 1, and the database stays empty', async () => {
  const { code, output } = await signet(empty, 'restore', at('world.json'));
  expect([code, output]).toEqual([1, expect.stringMatching(/Nothing was restored\.\n.*damaged/)]);
  expect(await isUntouched(empty.url)).toBe(true);
});

test('restore of a file that somebody else changed: refused before anything of it is read into the database', async () => {
  const forged = changed(await readFile(at('one.gz')), (lines) => lines.map((line) => line.replace('ada', 'eve')), {
    rehashed: true,
  });
  await writeFile(at('forged.gz'), forged);
  // This database is not empty, which is found out when the loading begins.
  const restore = (file: string, input?: Buffer) =>
    runSignet(['src/cli/signet.ts', 'restore', file], { ...env, DATABASE_URL: source.url }, process.execPath, input)
      .ended;
  expect((await restore(at('forged.gz'))).output).toMatch(/Nothing was restored\.\n.*damaged/);
  expect((await restore(at('one.gz'))).output).toMatch(/Nothing was restored\.\n.*not empty/);
  expect((await restore('-', forged)).output).toMatch(/Nothing was restored\.\n.*not empty/);
});

test('restore from standard input: one that is whole goes in, one that somebody else changed does not', async () => {
  const bytes = await readFile(at('one.gz'));
  const forged = changed(bytes, (lines) => lines.map((line) => line.replace('ada', 'eve')), { rehashed: true });
  const other = await createDatabase('template1');
  onTestFinished(() => other.drop());
  const restore = (input: Buffer) =>
    runSignet(['src/cli/signet.ts', 'restore', '-'], { ...env, DATABASE_URL: other.url }, process.execPath, input)
      .ended;
  expect((await restore(forged)).code).toBe(1);
  expect(await isUntouched(other.url)).toBe(true);
  expect((await restore(bytes)).code).toBe(0);
});

test('restore, then restored without anybody to ask: done once, asked for --yes', async () => {
  const { code, output, stdout } = await signet(empty, 'restore', at('one.gz'), '--json');
  expect(code, output).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ tenants: 1, kept_issued: false, sessions_ended: 0, grants_revoked: 0 });
  expect((JSON.parse(stdout) as { made_at: string }).made_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(await query(empty.url, 'SELECT username FROM users')).toEqual([{ username: 'ada' }]);
  const asked = await signet(empty, 'restored');
  expect([asked.code, asked.output]).toEqual([2, expect.stringContaining('--yes')]);
  expect(await query(empty.url, `SELECT 1 FROM audit_events WHERE type = 'deployment.restored'`)).toHaveLength(1);
});
