// Migrations: several processes at once, and a database that another version has touched.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { migrate, MigrationError } from '../../src/storage/migrate.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { root } from '../support/signet-process.ts';

const every = readdirSync(join(root, 'migrations'))
  .filter((file) => file.endsWith('.sql'))
  .map((file) => file.replace('.sql', ''))
  .sort();

const databases: TestDatabase[] = [];
afterEach(async () => {
  for (const database of databases.splice(0)) await database.drop();
});

async function database(): Promise<string> {
  const made = await createDatabase();
  databases.push(made);
  return made.url;
}

async function emptyDatabase(): Promise<string> {
  const url = await database();
  await query(url, 'DROP SCHEMA public CASCADE');
  await query(url, 'CREATE SCHEMA public');
  return url;
}

test('four processes start on an empty database: each migration is applied once, all of them can go on', async () => {
  const connectionString = await emptyDatabase();
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrate({ connectionString })));
  expect(applied.filter((names) => names.length > 0)).toEqual([every]);
  expect(await query(connectionString, 'SELECT name FROM signet_migration_checksums ORDER BY name')).toEqual(
    every.map((name) => ({ name })),
  );
});

test('a second time there is nothing to do', async () => {
  expect(await migrate({ connectionString: await database() })).toEqual([]);
});

test('a file that changed since it was applied: refused', async () => {
  const connectionString = await database();
  await query(
    connectionString,
    `UPDATE signet_migration_checksums SET checksum = 'another' WHERE name = '0001_foundation'`,
  );
  await expect(migrate({ connectionString })).rejects.toThrow(/0001_foundation has changed since it was applied/);
});

test('a database of a newer version: refused, with what to do', async () => {
  const connectionString = await database();
  await query(connectionString, `INSERT INTO signet_migration_checksums (name, checksum) VALUES ('9999_future', 'x')`);
  await expect(migrate({ connectionString })).rejects.toThrow(/newer than this version.*9999_future/);
});

test('a migration that fails leaves nothing half done', async () => {
  const connectionString = await emptyDatabase();
  // In the way of the last table of the first migration.
  await query(connectionString, 'CREATE TABLE audit_events (x integer)');
  await expect(migrate({ connectionString })).rejects.toThrow(MigrationError);
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query(`SELECT to_regclass('tenants') AS tenants`);
  expect(rows).toEqual([{ tenants: null }]);
  await client.query('DROP TABLE audit_events');
  await client.end();
  expect(await migrate({ connectionString })).toEqual(every);
});
