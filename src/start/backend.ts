// The database in the schema of this version, and everything flows need: for the server and for the command line.
import { hostname } from 'node:os';
import pino, { type Logger } from 'pino';
import type { Config } from '../config/read.ts';
import { passwordHasher } from '../crypto/passwords.ts';
import { pooledRandom } from '../crypto/random.ts';
import { secretBox } from '../crypto/secret-box.ts';
import type { Deps } from '../deps.ts';
import { guardedFetch } from '../delivery/fetcher.ts';
import type { Channel, Courier } from '../domain/outbox.ts';
import { type Metrics, unmeasured } from '../domain/metrics.ts';
import type { Tracing } from '../domain/tracing.ts';
import { addAuditMonths } from '../flows/upkeep/audit-months.ts';
import { createRememberedUntil } from '../storage/remembered-until.ts';
import { createMemory } from '../storage/memory.ts';
import { loadOrMakeSecretKey, loadSecretKey } from '../config/secret-key.ts';
import type { Database, SentStatement } from '../storage/database.ts';
import type { PostgresNews } from '../embedded/supervise.ts';
import { openLog } from './log.ts';
import { noDatabase, openStore, type Store } from './database.ts';

/** What tests replace. */
export type Replaced = {
  readonly clock?: () => number;
  readonly machineClock?: () => number;
  readonly random?: (bytes: number) => Buffer;
  readonly log?: Logger;
  /** What carries mails, instead of a mail server. */
  readonly mailCourier?: Courier<'mail'>;
  /** What carries text messages, instead of a service. */
  readonly smsCourier?: Courier<'sms'>;
  readonly observe?: (statement: SentStatement) => void;
};

export type Backend = {
  readonly deps: Deps;
  readonly database: Database<'hurried'>;
  /** The same database for one long piece of work. */
  readonly patient: Database<'patient'>;
  /** DATA_DIR held no database before: this made it. */
  readonly createdDatabase: boolean;
  /** Resolves when another process ran the embedded PostgreSQL, and has ended: nothing works any more. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
};

export type BackendOptions = Replaced & {
  /**
   * `migrate` (unless said otherwise): makes the database if there is none, and applies what is pending. `as it is`:
   * refuses both. `restored`: makes the database and leaves it empty, for a backup that brings its own schema.
   */
  readonly schema?: 'migrate' | 'as it is' | 'restored';
  /** Undefined: the server. */
  readonly actor?: Deps['actor'] | undefined;
  readonly metrics?: Metrics | undefined;
  readonly tracing?: Tracing | undefined;
};

/** Bytes, milliseconds: one write for many lines where there are many, and none that waits for long where there are few. */
const gathered = { sync: false, minLength: 4096, periodicFlush: 100 };

/** Opens it, in the order that a start needs. @throws Error with what to do when it cannot be used. */
export async function openBackend(config: Config, options: BackendOptions = {}): Promise<Backend> {
  // Requests do not wait until their lines are written; what is left is written when the process ends.
  const base = { pid: process.pid, host: hostname() };
  const log =
    options.log ?? openLog({ level: config.logLevel, base }, process.stdout, () => pino.destination(gathered));
  const asItIs = options.schema === 'as it is';
  const shared = {
    observe: options.observe,
    trace: options.tracing?.statement,
    onIdleError: (error: Error) => log.warn({ error: error.message }, 'a database connection failed while idle'),
    onPooler: (does: string) =>
      log.warn(`between Signet and PostgreSQL is a pooler that ${does}: set PREPARED_STATEMENTS=false`),
  };
  const store = await openStore(config, asItIs ? 'start' : 'make', {
    ...shared,
    poolSize: config.databasePoolSize,
    tell: (news) => logNews(log, news),
  });
  if (!store) throw new Error(noDatabase(config));
  const { database, createdDatabase, lost } = store;
  const patient = store.openPatient(shared);
  try {
    const clock = options.clock ?? Date.now;
    await prepareSchema(store, options.schema ?? 'migrate', clock);
    // Commands do one thing and end; a pooler that nobody spoke of is the server's to find.
    if (options.actor === undefined) await store.ensureSettings();
    const secretKeys = config.secretKeys ?? [await (asItIs ? loadSecretKey : loadOrMakeSecretKey)(config.dataDir)];
    const deps: Deps = {
      publicUrl: config.publicUrl,
      db: database,
      clock,
      machineClock: options.machineClock ?? Date.now,
      random: options.random ?? pooledRandom(),
      hasher: passwordHasher(config.passwordHash, config.passwordHash, options.tracing?.passwordHash),
      box: secretBox(secretKeys),
      memory: createMemory(() => performance.now()),
      closedUntil: createRememberedUntil(),
      rightUntil: createRememberedUntil(),
      outbound: (request) => guardedFetch({ allow: config.outboundAllow ?? [] }, request),
      actor: options.actor ?? 'server',
      channels: channelsOf(config, options),
      log,
      metrics: options.metrics ?? unmeasured,
    };
    return { deps, database, patient, createdDatabase, lost, close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** In which ways people can be sent messages; the inbox shows those that no setting sends. */
function channelsOf({ mail, sms, inbox }: Config, { mailCourier, smsCourier }: Replaced): Channel[] {
  return [
    ...(mail || inbox || mailCourier ? (['mail'] as const) : []),
    ...(sms || inbox || smsCourier ? (['sms'] as const) : []),
  ];
}

function logNews(log: Logger, news: PostgresNews): void {
  if (news.what === 'running') return log.warn('the embedded PostgreSQL runs again');
  const { what, words, ...facts } = news;
  log.error(
    { ...(words !== '' && { postgres: words }), ...facts },
    what === 'ended'
      ? 'the embedded PostgreSQL ended by itself: Signet stays, and starts it again'
      : 'the embedded PostgreSQL did not start: Signet stays, and starts it again',
  );
}

async function prepareSchema(
  store: Store,
  how: NonNullable<BackendOptions['schema']>,
  clock: () => number,
): Promise<void> {
  if (how === 'restored') return store.assertReachable();
  if (how === 'migrate') {
    const applied = await store.migrate();
    // Before the first event is written; later on the maintenance of a server sees to it.
    if (applied.length > 0) await addAuditMonths({ db: store.database, clock });
    return;
  }
  const pending = await store.pending();
  if (pending.length > 0)
    throw new Error(
      `The database lacks ${pending.length === 1 ? 'a migration' : `${pending.length} migrations`} of this version (${pending.join(', ')}): run "signet migrate", or start this version of the server.`,
    );
}
