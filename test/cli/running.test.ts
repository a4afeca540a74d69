// `signet serve`, `migrate` and `secret-key new`: as processes, with good and bad input.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { parseSecretKey } from '../../src/config/secret-key.ts';
import { commandLine, resultOf } from '../support/command-line.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { freePort } from '../../src/testing/start.ts';
import { runSignet } from '../support/signet-process.ts';

// Each command is a process, and several of them take as long as the machine lets them.
vi.setConfig({ testTimeout: 120_000 });

const SECRET_KEY = randomBytes(32).toString('base64');

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

describe('serve', () => {
  test('serves until it is told to end; a PostgreSQL that may lose answers is warned about loudly, with the cure', async () => {
    const port = await freePort();
    const [{ name } = { name: '' }] = await query<{ name: string }>(
      database.url,
      'SELECT quote_ident(current_database()) AS name',
    );
    await query(database.url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
    const env = { PORT: String(port), DATABASE_URL: database.url, SECRET_KEY, LOG_LEVEL: 'warn' };
    const server = runSignet(['src/cli/signet.ts', 'serve'], env);
    await server.says(`Signet is ready at http://localhost:${port}`);
    expect((await fetch(`http://localhost:${port}/ready`)).status).toBe(200);
    server.kill('SIGINT');
    const { code, output, stdout } = await server.ended;
    expect(code).toBe(0);
    const cure = `synchronous_commit is off\\..*ALTER DATABASE ${name} RESET synchronous_commit`;
    expect(output).toMatch(new RegExp(`^Warning: ${cure}`, 'm'));
    expect(stdout).toMatch(new RegExp(`"level":"warn".*${cure}`));
  });

  test('wrong settings: each is named, and it ends with 1', async () => {
    const { code, output } = await commandLine({ PORT: 'http', LOG_LEVEL: 'loud' })(['serve']);
    expect(code).toBe(1);
    expect(output).toMatch(/Signet cannot start:\n {2}- PORT must .*\n {2}- LOG_LEVEL must /);
  });
});

describe('migrate', () => {
  const name = `signet_test_${randomBytes(6).toString('hex')}`;
  let empty: string;
  beforeAll(async () => {
    await query(inject('adminUrl'), `CREATE DATABASE ${name}`);
    empty = inject('adminUrl').replace(/\/[^/?]*(\?|$)/, `/${name}$1`);
  });
  afterAll(() => query(inject('adminUrl'), `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));

  const tables = () => query(empty, `SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace`);

  test('--check says what is pending, changes nothing and ends with 1; migrate applies it and says which', async () => {
    const signet = commandLine({ DATABASE_URL: empty, SECRET_KEY });
    const pending = await signet(['migrate', '--check']);
    expect([pending.code, pending.stdout]).toEqual([1, expect.stringMatching(/^pending {4}0001_foundation$/m)]);
    expect(await tables()).toEqual([]);
    const { applied } = await resultOf<{ applied: string[] }>(signet, ['migrate']);
    expect(applied[0]).toBe('0001_foundation');
    expect((await tables()).length).toBeGreaterThan(10);
    expect(await query(empty, 'SELECT 1 FROM tenants')).toEqual([]);
    expect(await resultOf(signet, ['migrate'])).toEqual({ applied: [] });
    expect(await resultOf(signet, ['migrate', '--check'])).toEqual({ pending: [] });
  });

  test('a database that is newer: refused, and one that is not there: said', async () => {
    await query(empty, `INSERT INTO signet_migration_checksums VALUES ('9999_future', 'x')`);
    const newer = await commandLine({ DATABASE_URL: empty, SECRET_KEY })(['migrate', '--check']);
    expect([newer.code, newer.output]).toEqual([1, expect.stringContaining('9999_future')]);
    const absent = await commandLine({ DATABASE_URL: `${empty}_absent`, SECRET_KEY })(['migrate']);
    expect([absent.code, absent.output]).toEqual([1, expect.stringContaining('createdb')]);
  });
});

test('secret-key new: a key alone on standard output, another each time, and beside it what to do with it', async () => {
  const signet = commandLine({});
  const { code, output, stdout } = await signet(['secret-key', 'new']);
  expect([code, output]).toEqual([0, expect.stringContaining('Set SECRET_KEY to it')]);
  expect(stdout).toMatch(/^\S{44}\n$/);
  expect(parseSecretKey(stdout.trim())).toHaveLength(32);
  const { secret_key } = await resultOf<{ secret_key: string }>(signet, ['secret-key', 'new']);
  expect(secret_key).not.toBe(stdout.trim());
});
