// What the process refuses to start with: it says what is wrong and what to do, and ends with 1.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { runSignet, startProcess } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

let database: TestDatabase;
let directory: string;
let port: number;
const secretKey = randomBytes(32).toString('base64');

beforeAll(async () => {
  database = await createDatabase();
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  port = await freePort();
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function refusal(env: Record<string, string>): Promise<string> {
  const { code, output } = await runSignet(['src/cli/signet.ts', 'serve'], { PORT: String(port), ...env }).ended;
  expect(code, output).toBe(1);
  expect(output).toContain('Signet cannot start');
  expect(output).not.toContain(secretKey);
  return output;
}

test('DATABASE_URL without SECRET_KEY', async () => {
  expect(await refusal({ DATABASE_URL: database.url })).toContain('openssl rand -base64 32');
});

test('an http address that is not loopback', async () => {
  const output = await refusal({ PUBLIC_URL: 'http://id.example.com' });
  expect(output).toMatch(/PUBLIC_URL.*https/);
});

test('several mistakes at once: each is named', async () => {
  const output = await refusal({ PUBLIC_URL: 'http://id.example.com', DATABASE_URL: database.url, LOG_LEVEL: 'loud' });
  for (const name of ['PUBLIC_URL', 'SECRET_KEY', 'LOG_LEVEL']) expect(output).toContain(name);
});

test('a database that cannot be reached', async () => {
  const nowhere = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
  const output = await refusal({ DATABASE_URL: nowhere, SECRET_KEY: secretKey });
  expect(output).toMatch(/cannot start: .*(?:database|ECONNREFUSED)/i);
});

test('a provisioning file with mistakes: each with line and column, and nothing of it is applied', async () => {
  const file = join(directory, 'world.yaml');
  await writeFile(
    file,
    'users:\n  - username: zoe\n    password: long enough\nclients:\n  - client_id: web\n    redirect_urls: []\n    first_party: sure\n',
  );
  const output = await refusal({ DATABASE_URL: database.url, SECRET_KEY: secretKey, PROVISION: file });
  expect(output).toMatch(/world\.yaml:6:5 clients\[0\]\.redirect_urls is not known here: did you mean redirect_uris\?/);
  expect(output).toMatch(/world\.yaml:7:18 clients\[0\]\.first_party must be true or false/);
  expect(await query(database.url, 'SELECT 1 FROM users')).toEqual([]);
});

test('another PUBLIC_URL, or another SECRET_KEY, than the database was made with', async () => {
  const env = { DATABASE_URL: database.url, SECRET_KEY: secretKey };
  const first = await startProcess({ PORT: String(port), ...env });
  first.kill('SIGINT');
  expect((await first.ended).code).toBe(0);

  const moved = await refusal({ ...env, PUBLIC_URL: 'http://localhost:1' });
  expect(moved).toContain(`belongs to the issuer http://localhost:${port}`);
  expect(moved).toContain('PUBLIC_URL');
  expect(await refusal({ ...env, SECRET_KEY: randomBytes(32).toString('base64') })).toContain('SECRET_KEY');
  const again = await startProcess({ PORT: String(port), ...env });
  again.kill('SIGINT');
  expect((await again.ended).code).toBe(0);
});
