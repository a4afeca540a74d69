// The database that the settings name, opened and nothing else: for who looks at it, or brings it to this version.
import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { type EmbeddedPostgres, findEmbeddedPostgres, hasCluster, startEmbeddedPostgres } from './embedded/postgres.ts';
import { databaseProblem } from './start-problems.ts';
import { type Database, openDatabase } from './storage/database.ts';
import { migrate, pendingMigrations } from './storage/migrate.ts';

export type Store = {
  readonly database: Database;
  /** DATA_DIR held no database before: this made it. */
  readonly createdDatabase: boolean;
  /** Applies every pending migration. @returns their names. */
  migrate(): Promise<string[]>;
  /** The migrations that the database lacks. @throws MigrationError when it is newer, or an applied one has changed. */
  pending(): Promise<string[]>;
  close(): Promise<void>;
};

/**
 * Attaches to the embedded PostgreSQL, or starts it, unless DATABASE_URL is set; connects to nothing yet. `make`: starts
 * it even if there is no database, and makes one. `start`: starts it if there is one. `attach`: starts nothing.
 * @returns undefined when nothing runs and nothing shall be started.
 */
export async function openStore(config: Config, how: 'make' | 'start' | 'attach'): Promise<Store | undefined> {
  const embedded = config.databaseUrl === undefined ? await openEmbedded(config.dataDir, how) : undefined;
  if (config.databaseUrl === undefined && !embedded) return undefined;
  const connection = embedded ? { ...embedded.connection, port: 5432 } : { connectionString: config.databaseUrl! };
  const database = openDatabase({
    connection,
    poolSize: Math.min(2, config.databasePoolSize),
    preparedStatements: config.preparedStatements,
  });
  const explained = (error: unknown): never => {
    throw databaseProblem(error, config);
  };
  return {
    database,
    createdDatabase: embedded?.created ?? false,
    migrate: () => migrate(connection).catch(explained),
    pending: () => pendingMigrations(connection).catch(explained),
    async close() {
      await database.close();
      await embedded?.stop();
    },
  };
}

async function openEmbedded(
  dataDir: string,
  how: 'make' | 'start' | 'attach',
): Promise<Pick<EmbeddedPostgres, 'connection' | 'created' | 'stop'> | undefined> {
  if (how === 'make') return startEmbeddedPostgres(dataDir);
  // A start would put right what is wrong with DATA_DIR; whoever only looks leaves it as it is.
  const running = await findEmbeddedPostgres(dataDir);
  if (running) return { connection: running, created: false, stop: () => Promise.resolve() };
  return how === 'start' && (await hasCluster(dataDir)) ? startEmbeddedPostgres(dataDir) : undefined;
}

/** In words, for a database that is not there and shall not be made. */
export function noDatabase(config: Config): string {
  return `There is no database in DATA_DIR (${resolve(config.dataDir)}) yet: set DATA_DIR or DATABASE_URL as the server has it, or start Signet once.`;
}
