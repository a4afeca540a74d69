// Brings the database to the schema of this version: numbered SQL files, forward only, each applied once.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import pg from 'pg';
import type { Db } from './database.ts';
import { transactionDialect } from './transaction-dialect.ts';

const folder = join(import.meta.dirname, '../../migrations');

/** What stands in the way of using a database. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * Applies every pending migration in one transaction under a lock, so that several processes may start at once.
 * @returns the names that were applied.
 * @throws MigrationError when a migration fails, or when one that was applied has changed since.
 */
export function migrate(connection: pg.PoolConfig): Promise<string[]> {
  return withPool(connection, migrateWith);
}

/** @throws what PostgreSQL, or the way to it, says against connecting. */
export async function assertReachable(connection: pg.PoolConfig): Promise<void> {
  await withPool(connection, (db) => sql`SELECT 1`.execute(db));
}

/**
 * What {@link migrate} does, on a transaction that is open, and only up to and including `last` where it is given. `tx`
 * must not prepare its statements: a file holds many.
 */
export async function migrateInside(tx: Db, last?: string): Promise<string[]> {
  return migrateWith(new Kysely<Record<string, never>>({ dialect: transactionDialect(tx) }), last);
}

/** A migration as a database has it: the SHA-256 of its file says which one of that name. */
export type AppliedMigration = { readonly name: string; readonly checksum: string };

/** @throws MigrationError unless this version begins with exactly these migrations, in this order. */
export async function assertSameMigrations(applied: readonly AppliedMigration[]): Promise<void> {
  const files = await migrationFiles();
  for (const [index, { name, checksum }] of applied.entries()) {
    const file = files[index];
    if (file?.name === name && file.checksum === checksum) continue;
    throw new MigrationError(
      file?.name === name ? `its migration ${name} is another one` : `this version does not know its migration ${name}`,
    );
  }
}

async function withPool<T>(
  connection: pg.PoolConfig,
  work: (db: Kysely<Record<string, never>>) => Promise<T>,
): Promise<T> {
  // A pool of its own: migrations may take longer than any request's statement may.
  const pool = new pg.Pool({
    ...connection,
    max: 2,
    connectionTimeoutMillis: 5000,
    application_name: 'signet migrate',
  });
  pool.on('error', () => {});
  const db = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/**
 * The migrations that this version has and the database has not, in order.
 * @throws MigrationError as {@link migrate} does, when the database is newer or an applied migration has changed.
 */
export async function pendingMigrations(connection: pg.PoolConfig): Promise<string[]> {
  return withPool(connection, async (db) => {
    const files = await migrationFiles();
    const applied = await refuseChanged(db, files);
    return files.map(({ name }) => name).filter((name) => !applied.has(name));
  });
}

/** A name for the schema of this version: another as soon as any migration is added. */
export async function schemaDigest(): Promise<string> {
  const files = await migrationFiles();
  return createHash('sha256')
    .update(JSON.stringify(files.map(({ name, checksum }) => [name, checksum])))
    .digest('hex');
}

async function migrateWith(db: Kysely<Record<string, never>>, last?: string): Promise<string[]> {
  const files = await migrationFiles();
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () => Promise.resolve(Object.fromEntries(files.map((file) => [file.name, file.migration]))),
    },
    migrationTableName: 'signet_migrations',
    migrationLockTableName: 'signet_migrations_lock',
  });
  const applied = await refuseChanged(db, files);
  // Most starts find everything there: they need neither the lock nor what the migrator asks.
  if (applied.size === files.length) return [];
  const { error, results } = await (last === undefined ? migrator.migrateToLatest() : migrator.migrateTo(last));
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName;
    throw new MigrationError(
      `Migration ${failed ?? ''} failed: ${error instanceof Error ? error.message : JSON.stringify(error)}`,
      { cause: error },
    );
  }
  return (results ?? []).map((result) => result.migrationName);
}

type MigrationFile = { readonly name: string; readonly checksum: string; readonly migration: Migration };

async function migrationFiles(): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const text = await readFile(join(folder, file), 'utf8');
      const name = file.replace('.sql', '');
      const checksum = createHash('sha256').update(text).digest('hex');
      return { name, checksum, migration: { up: (db) => apply(db, name, checksum, text) } };
    }),
  );
}

async function apply(db: Kysely<unknown>, name: string, checksum: string, text: string): Promise<void> {
  await sql.raw(text).execute(db);
  await sql`CREATE TABLE IF NOT EXISTS signet_migration_checksums (name text PRIMARY KEY, checksum text NOT NULL)`.execute(
    db,
  );
  await sql`INSERT INTO signet_migration_checksums (name, checksum) VALUES (${name}, ${checksum})`.execute(db);
}

/** @returns the names of those that were applied. */
async function refuseChanged(
  db: Kysely<Record<string, never>>,
  files: readonly MigrationFile[],
): Promise<ReadonlySet<string>> {
  const { rows: known } = await sql<{
    found: boolean;
  }>`SELECT to_regclass('signet_migration_checksums') IS NOT NULL AS found`.execute(db);
  if (!known[0]?.found) return new Set();
  const { rows } = await sql<{
    name: string;
    checksum: string;
  }>`SELECT name, checksum FROM signet_migration_checksums`.execute(db);
  for (const { name, checksum } of rows) {
    const file = files.find((candidate) => candidate.name === name);
    if (!file)
      throw new MigrationError(
        `The database is newer than this version of Signet: it knows migration ${name}. Start the newer version.`,
      );
    if (file.checksum !== checksum)
      throw new MigrationError(
        `Migration ${name} has changed since it was applied. Restore its file: applied migrations never change.`,
      );
  }
  return new Set(rows.map(({ name }) => name));
}
