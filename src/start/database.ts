// The database that the settings name, opened and nothing else: for who looks at it, or brings it to this version.
import { resolve } from 'node:path';
import type { Config } from '../config/read.ts';
import {
  connectPrivately,
  type EmbeddedPostgres,
  findEmbeddedPostgres,
  hasCluster,
  startEmbeddedPostgres,
} from '../embedded/postgres.ts';
import type { PostgresNews } from '../embedded/supervise.ts';
import { databaseProblem } from './database-trouble.ts';
import { type Database, type DatabaseOptions, openDatabase } from '../storage/database.ts';
import { assertReachable, migrate, pendingMigrations } from '../storage/migrate.ts';

/** Connections to the database of a store, and who hears of an embedded PostgreSQL that ended by itself. */
export type Pool = Omit<DatabaseOptions, 'connection' | 'preparedStatements' | 'patience'> & {
  readonly tell?: ((news: PostgresNews) => void) | undefined;
};

export type Store = {
  readonly database: Database<'hurried'>;
  /** DATA_DIR held no database before: this made it. */
  readonly createdDatabase: boolean;
  /** Resolves when another process ran the embedded PostgreSQL, and has ended: nothing works any more. */
  readonly lost: Promise<void>;
  /** The same database for one long piece of work, on a connection of its own, which `close` closes too. */
  openPatient(pool: Omit<Pool, 'poolSize' | 'tell'>): Database<'patient'>;
  /** @throws Error with what to do when the database does not answer. */
  assertReachable(): Promise<void>;
  /** What {@link Database.ensureSettings} does. @throws Error with what to do when a pooler refuses the connection. */
  ensureSettings(): Promise<void>;
  /** Applies every pending migration. @returns their names. */
  migrate(): Promise<string[]>;
  /** The migrations that the database lacks. @throws MigrationError when it is newer, or an applied one has changed. */
  pending(): Promise<string[]>;
  close(): Promise<void>;
};

/** `make`: starts the embedded PostgreSQL even if there is no database, and makes one. `start`: starts it if there is one. `attach`: starts nothing. */
export type HowToOpen = 'make' | 'start' | 'attach';

/**
 * Attaches to the embedded PostgreSQL, or starts it, unless DATABASE_URL is set; connects to nothing yet.
 * @returns undefined when nothing runs and nothing shall be started.
 */
export async function openStore(
  config: Config,
  how: HowToOpen,
  pool: Pool = { poolSize: Math.min(2, config.databasePoolSize) },
): Promise<Store | undefined> {
  const { tell, ...opening } = pool;
  const embedded = config.databaseUrl === undefined ? await openEmbedded(config.dataDir, how, tell) : undefined;
  if (config.databaseUrl === undefined && !embedded) return undefined;
  const connection = embedded ? connectPrivately(embedded.connection) : { connectionString: config.databaseUrl! };
  const { preparedStatements } = config;
  const database = openDatabase({ ...opening, connection, preparedStatements, patience: 'hurried' });
  const others: Database[] = [];
  const explained = (error: unknown): never => {
    throw databaseProblem(error, config);
  };
  return {
    database,
    createdDatabase: embedded?.created ?? false,
    lost: embedded?.lost ?? new Promise<void>(() => {}),
    openPatient(another) {
      const opened = openDatabase({ ...another, poolSize: 1, connection, preparedStatements, patience: 'patient' });
      others.push(opened);
      return opened;
    },
    assertReachable: () => assertReachable(connection).catch(explained),
    ensureSettings: () =>
      database.ensureSettings().catch((error: unknown) => explained((error as Error).cause ?? error)),
    migrate: () => migrate(connection).catch(explained),
    pending: () => pendingMigrations(connection).catch(explained),
    async close() {
      for (const opened of [...others, database]) await opened.close();
      await embedded?.stop();
    },
  };
}

type Opened = Pick<EmbeddedPostgres, 'connection' | 'created' | 'stop'> & { readonly lost?: Promise<void> };

async function openEmbedded(dataDir: string, how: HowToOpen, tell: Pool['tell']): Promise<Opened | undefined> {
  if (how === 'make') return startEmbeddedPostgres(dataDir, { tell });
  // A start would put right what is wrong with DATA_DIR; whoever only looks leaves it as it is.
  const running = await findEmbeddedPostgres(dataDir);
  if (running) return { connection: running, created: false, stop: () => Promise.resolve() };
  return how === 'start' && (await hasCluster(dataDir)) ? startEmbeddedPostgres(dataDir, { tell }) : undefined;
}

/** In words, for a database that is not there and shall not be made. */
export function noDatabase(config: Config): string {
  return `There is no database in DATA_DIR (${resolve(config.dataDir)}) yet: set DATA_DIR or DATABASE_URL as the server has it, or start Signet once.`;
}
