// A running Signet: from a Config to a listening server, and to its end.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import { buildApp } from './app.ts';
import type { Config } from './config.ts';
import { passwordHasher } from './crypto/passwords.ts';
import { secretBox } from './crypto/secret-box.ts';
import type { Deps } from './deps.ts';
import { contextWithoutRequest } from './domain/context.ts';
import type { Tenant } from './domain/tenant.ts';
import { hasCluster, startEmbeddedPostgres } from './embedded/postgres.ts';
import { followChanges } from './flows/follow-changes.ts';
import { keyRing } from './flows/keys.ts';
import { startMaintenance } from './flows/maintenance.ts';
import { createMemory } from './flows/memory.ts';
import { applyFile } from './flows/provision/apply-file.ts';
import { ensureFirstAdmin, openSetup } from './flows/setup.ts';
import { ensureDefaultTenant } from './flows/tenants.ts';
import { databaseProblem, listenOnce } from './start-problems.ts';
import { loadOrMakeSecretKey } from './secret-key.ts';
import { type Database, openDatabase, type SentStatement } from './storage/database.ts';
import { migrate, pendingMigrations } from './storage/migrate.ts';

export type RunningServer = {
  readonly app: FastifyInstance;
  readonly deps: Deps;
  /** Where it listens: not the issuer when several stand behind one address. */
  readonly url: string;
  /** The one-time link for the first administrator; undefined when there is one. */
  readonly setupUrl: string | undefined;
  /** Resolves when the embedded PostgreSQL ended by itself: nothing works any more. */
  readonly lost: Promise<void>;
  /** Resolves when the server does nothing by itself at this moment, so that what is measured is what was asked for. */
  settled(): Promise<void>;
  /** Answers what is under way, for `drainSeconds` also what still comes, then ends. */
  stop(drainSeconds: number): Promise<void>;
};

/** What tests replace. */
export type ServerOptions = {
  readonly clock?: () => number;
  readonly random?: (bytes: number) => Buffer;
  readonly log?: Logger;
  readonly observe?: (statement: SentStatement) => void;
};

export type Backend = {
  readonly deps: Deps;
  readonly database: Database;
  /** DATA_DIR held no database before: this made it. */
  readonly createdDatabase: boolean;
  /** Resolves when the embedded PostgreSQL ended by itself: nothing works any more. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
};

export type BackendOptions = ServerOptions & {
  /** `migrate` (unless said otherwise): makes the database if there is none, and applies what is pending. `as it is`: refuses both. */
  readonly schema?: 'migrate' | 'as it is';
};

/** The database, in the schema of this version, and everything flows need; for the server and for the command line. */
export async function openBackend(config: Config, options: BackendOptions = {}): Promise<Backend> {
  const log = options.log ?? pino({ level: config.logLevel, base: null });
  const asItIs = options.schema === 'as it is';
  if (asItIs && config.databaseUrl === undefined && !(await hasCluster(config.dataDir)))
    throw new Error(
      `There is no database in DATA_DIR (${resolve(config.dataDir)}) yet: set DATA_DIR or DATABASE_URL as the server has it, or start Signet once.`,
    );
  const embedded = config.databaseUrl === undefined ? await startEmbeddedPostgres(config.dataDir) : undefined;
  const connection = embedded ? { ...embedded.connection, port: 5432 } : { connectionString: config.databaseUrl! };
  const database = openDatabase({
    connection,
    poolSize: config.databasePoolSize,
    preparedStatements: config.preparedStatements,
    observe: options.observe,
    onIdleError: (error) => log.warn({ error: error.message }, 'a database connection failed while idle'),
  });
  const close = async () => {
    await database.close();
    await embedded?.stop();
  };
  try {
    await (asItIs ? refusePending(connection) : migrate(connection)).catch((error: unknown) => {
      throw databaseProblem(error, config);
    });
    const secretKeys = config.secretKeys ?? [await loadOrMakeSecretKey(config.dataDir)];
    const deps: Deps = {
      publicUrl: config.publicUrl,
      db: database,
      clock: options.clock ?? Date.now,
      random: options.random ?? randomBytes,
      hasher: passwordHasher(config.passwordHash, config.passwordHash),
      box: secretBox(secretKeys),
      memory: createMemory(() => performance.now()),
      log,
    };
    const lost = embedded?.lost ?? new Promise<void>(() => {});
    return { deps, database, createdDatabase: embedded?.created ?? false, lost, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function refusePending(connection: Parameters<typeof pendingMigrations>[0]): Promise<void> {
  const pending = await pendingMigrations(connection);
  if (pending.length > 0)
    throw new Error(
      `The database lacks ${pending.length === 1 ? 'a migration' : `${pending.length} migrations`} of this version (${pending.join(', ')}): run "signet migrate", or start this version of the server.`,
    );
}

/** Starts everything in order: nothing listens before it can answer. Ends it in the opposite order. */
export async function startServer(config: Config, options: ServerOptions = {}): Promise<RunningServer> {
  let draining = false;
  // First of all, because what a start writes (the issuer, with its port) stays.
  await listenOnce(config);
  await using starting = new AsyncDisposableStack();
  const backend = await openBackend(config, options);
  starting.defer(() => backend.close());
  const { deps } = backend;
  // Before anything is kept in memory, so that no change is missed.
  starting.defer(await followChanges(deps));
  const tenant = await ensureDefaultTenant(deps);
  // A SECRET_KEY that does not open the keys must be found now, not by the first request.
  await keyRing(deps, tenant).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}. Give SECRET_KEY as it was, or as "new,old" to replace it.`);
  });
  const setupToken = await prepare(deps, tenant, config);
  const maintenance = startMaintenance(deps);
  starting.defer(() => maintenance.stop());
  const app = await buildApp(deps, { trustProxy: config.trustProxy, tls: config.tls, isDraining: () => draining });
  starting.defer(() => app.close());
  await app.listen({ host: config.host, port: config.port });
  const running = starting.move();
  return {
    app,
    deps,
    url: `${config.tls ? 'https' : 'http'}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
    setupUrl: setupToken === undefined ? undefined : `${tenant.issuer}/setup?token=${setupToken}`,
    lost: backend.lost,
    settled: () => maintenance.settled(),
    async stop(drainSeconds) {
      draining = true;
      if (drainSeconds > 0) await new Promise((resolve) => setTimeout(resolve, drainSeconds * 1000));
      await running.disposeAsync();
    },
  };
}

/** What the settings ask to be there before the first request. @returns the setup token while nobody administers. */
async function prepare(deps: Deps, tenant: Tenant, config: Config): Promise<string | undefined> {
  if (config.provision !== undefined) {
    const { warnings } = await applyFile(deps, config.provision);
    for (const warning of warnings) deps.log.warn(warning);
  }
  const context = contextWithoutRequest(tenant, deps.clock());
  if (config.adminEmail !== undefined) await ensureFirstAdmin(deps, context, config.adminEmail, config.adminPassword!);
  return openSetup(deps, context);
}
