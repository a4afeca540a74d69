// A running Signet: from a Config to a listening server, and to its end.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import pino, { type Logger } from 'pino';
import { buildApp, buildMetricsApp } from './app.ts';
import type { Config } from './config.ts';
import { passwordHasher } from './crypto/passwords.ts';
import { secretBox } from './crypto/secret-box.ts';
import type { Deps } from './deps.ts';
import { contextWithoutRequest } from './domain/context.ts';
import { type Metrics, unmeasured } from './domain/metrics.ts';
import type { Tenant } from './domain/tenant.ts';
import type { Tracing } from './domain/tracing.ts';
import { hasCluster, startEmbeddedPostgres } from './embedded/postgres.ts';
import { durabilityWarnings } from './flows/doctor/durability.ts';
import { followChanges } from './flows/follow-changes.ts';
import { keyRing } from './flows/keys.ts';
import { startMaintenance } from './flows/maintenance.ts';
import { createMemory } from './flows/memory.ts';
import { applyFile } from './flows/provision/apply-file.ts';
import { acceptRestored, isElsewhere } from './flows/restored.ts';
import { ensureFirstAdmin, openSetup } from './flows/setup.ts';
import { ensureDefaultTenant } from './flows/tenants.ts';
import { openMetrics } from './metrics.ts';
import { databaseProblem, listenOnce } from './start-problems.ts';
import { openTracing } from './tracing.ts';
import { loadOrMakeSecretKey, loadSecretKey } from './secret-key.ts';
import { noDatabase } from './store.ts';
import { type Database, openDatabase, type SentStatement } from './storage/database.ts';
import { demandReachable, migrate, pendingMigrations } from './storage/migrate.ts';
import { countKeys } from './storage/signing-keys.ts';

export type RunningServer = {
  readonly app: FastifyInstance;
  readonly deps: Deps;
  /** Where it listens: not the issuer when several stand behind one address. */
  readonly url: string;
  /** The one-time link for the first administrator; undefined when there is one. */
  readonly setupUrl: string | undefined;
  /** What somebody should change soon, in words: settings of PostgreSQL under which answers can be lost. */
  readonly warnings: readonly string[];
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
  /** The same database for one long piece of work: a connection without timeouts. */
  readonly patient: Database;
  /** DATA_DIR held no database before: this made it. */
  readonly createdDatabase: boolean;
  /** Resolves when the embedded PostgreSQL ended by itself: nothing works any more. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
};

export type BackendOptions = ServerOptions & {
  /** `migrate` (unless said otherwise): makes the database if there is none, and applies what is pending. `as it is`: refuses both.
   * `restored`: makes the database and leaves it empty, for a backup that brings its own schema. */
  readonly schema?: 'migrate' | 'as it is' | 'restored';
  readonly metrics?: Metrics | undefined;
  readonly tracing?: Tracing | undefined;
};

/** The database, in the schema of this version, and everything flows need; for the server and for the command line. */
export async function openBackend(config: Config, options: BackendOptions = {}): Promise<Backend> {
  const log = options.log ?? pino({ level: config.logLevel, base: null });
  const asItIs = options.schema === 'as it is';
  if (asItIs && config.databaseUrl === undefined && !(await hasCluster(config.dataDir)))
    throw new Error(noDatabase(config));
  const embedded = config.databaseUrl === undefined ? await startEmbeddedPostgres(config.dataDir) : undefined;
  const connection = embedded ? { ...embedded.connection, port: 5432 } : { connectionString: config.databaseUrl! };
  const shared = {
    connection,
    preparedStatements: config.preparedStatements,
    observe: options.observe,
    trace: options.tracing?.statement,
    onIdleError: (error: Error) => log.warn({ error: error.message }, 'a database connection failed while idle'),
  };
  const database = openDatabase({ ...shared, poolSize: config.databasePoolSize });
  const patient = openDatabase({ ...shared, poolSize: 1, patient: true });
  const close = async () => {
    await patient.close();
    await database.close();
    await embedded?.stop();
  };
  try {
    const prepareSchema = { migrate, 'as it is': refusePending, restored: demandReachable }[
      options.schema ?? 'migrate'
    ];
    await prepareSchema(connection).catch((error: unknown) => {
      throw databaseProblem(error, config);
    });
    const secretKeys = config.secretKeys ?? [await (asItIs ? loadSecretKey : loadOrMakeSecretKey)(config.dataDir)];
    const deps: Deps = {
      publicUrl: config.publicUrl,
      db: database,
      clock: options.clock ?? Date.now,
      random: options.random ?? randomBytes,
      hasher: passwordHasher(config.passwordHash, config.passwordHash, options.tracing?.passwordHash),
      box: secretBox(secretKeys),
      memory: createMemory(() => performance.now()),
      log,
      metrics: options.metrics ?? unmeasured,
    };
    const lost = embedded?.lost ?? new Promise<void>(() => {});
    return { deps, database, patient, createdDatabase: embedded?.created ?? false, lost, close };
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
  const registry = config.metrics && openMetrics();
  const tracing = openTracing();
  const backend = await openBackend(config, { ...options, metrics: registry?.metrics, tracing });
  starting.defer(() => backend.close());
  const { deps, database } = backend;
  const warnings = config.databaseUrl === undefined ? [] : await durabilityWarnings(deps);
  for (const warning of warnings) deps.log.warn(warning);
  // Before anything is kept in memory, so that no change is missed.
  starting.defer(await followChanges(deps));
  const tenant = await ensureDefaultTenant(deps);
  // Before any key is kept in memory, so that no process signs with one that another has just replaced.
  const elsewhere = await isElsewhere(deps);
  // A SECRET_KEY that does not open the keys must be found now, not by the first request.
  await keyRing(deps, tenant).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}. Give SECRET_KEY as it was, or as "new,old" to replace it.`);
  });
  if (elsewhere) await noticeRestored({ ...deps, db: backend.patient });
  const setupToken = await prepare(deps, tenant, config);
  const maintenance = startMaintenance(deps);
  starting.defer(() => maintenance.stop());
  if (config.metrics && registry) {
    registry.watch({
      clock: deps.clock,
      hashes: () => deps.hasher.load(),
      pool: () => database.load(),
      keys: () => countKeys(database),
    });
    const listener = await buildMetricsApp(() => registry.scrape());
    starting.defer(() => listener.close());
    await listener.listen(config.metrics);
  }
  const app = await buildApp(deps, {
    trustProxy: config.trustProxy,
    tls: config.tls,
    isDraining: () => draining,
    tracing,
  });
  starting.defer(() => app.close());
  await app.listen({ host: config.host, port: config.port });
  const running = starting.move();
  return {
    app,
    deps,
    url: `${config.tls ? 'https' : 'http'}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`,
    setupUrl: setupToken === undefined ? undefined : `${tenant.issuer}/setup?token=${setupToken}`,
    warnings,
    lost: backend.lost,
    settled: () => maintenance.settled(),
    async stop(drainSeconds) {
      draining = true;
      if (drainSeconds > 0) await new Promise((resolve) => setTimeout(resolve, drainSeconds * 1000));
      await running.disposeAsync();
    },
  };
}

/** The tables were restored from a copy without a word from anybody: what was revoked since the copy was made stays so. */
async function noticeRestored(deps: Deps): Promise<void> {
  deps.log.warn('the database is in another place than before: it was restored from a copy');
  const restored = await acceptRestored(deps, { by: 'server', keepIssued: false });
  if (restored)
    deps.log.warn(
      restored,
      'every session, grant, code and signing key from before was revoked, because the copy does not know what was ' +
        'revoked since it was made; people must sign in again',
    );
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
