// The connection to PostgreSQL: a pool, prepared statements named by their text, transactions, and what failures mean.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { Unavailable } from '../domain/errors.ts';
import type { Tracing } from '../domain/tracing.ts';
import { beginWithSettings, settingsAtStart, settingsInForce } from './connection-settings.ts';

/** One statement as it is sent: its text, the name it is prepared under, and its values. */
export type SentStatement = {
  readonly text: string;
  readonly name: string | undefined;
  readonly values: readonly unknown[];
};

/**
 * Runs statements, on any connection of the pool or inside one transaction. `hurried`: for a request, with timeouts.
 * `patient`: for one long piece of work, without.
 */
export type Db = {
  readonly patience: 'hurried' | 'patient';
  /** One round trip. @throws Unavailable when the database cannot be reached or does not answer in time. */
  send(
    statement: { text: string; name: string },
    values: readonly unknown[],
  ): Promise<{ rows: unknown[]; count: number }>;
  /** Throw to undo, return to keep. Tried again up to three times when the database says that another was first. */
  transaction<T>(work: (tx: Db) => Promise<T>): Promise<T>;
};

/** For work that may take longer than any request's statement may. */
export type PatientDb = Db & { readonly patience: 'patient' };

/** Connections that are open, open but unused, and allowed; and how many statements and transactions wait for one. */
export type PoolLoad = {
  readonly total: number;
  readonly idle: number;
  readonly max: number;
  readonly waiting: number;
};

export type Database<P extends Db['patience'] = Db['patience']> = Db & {
  readonly patience: P;
  /** Every statement on it sees everything as it was at one moment (REPEATABLE READ, READ ONLY). */
  snapshot(): Promise<Snapshot>;
  /**
   * Looks whether the settings of a connection (timeouts, time zone) are in force. Where a pooler took them and kept them to
   * itself, each transaction brings them from now on. @throws Unavailable when the database cannot be reached.
   */
  ensureSettings(): Promise<void>;
  close(): Promise<void>;
  readonly pool: pg.Pool;
  load(): PoolLoad;
};

/** A connection of its own for reading. Its disposal gives it back. */
export type Snapshot = Pick<Db, 'send'> & AsyncDisposable;

export type DatabaseOptions = {
  readonly connection: pg.PoolConfig;
  readonly poolSize: number;
  /** False for poolers that lend a connection for one transaction: nothing is prepared, and each transaction brings its settings. */
  readonly preparedStatements: boolean;
  /** Told, in words, how a pooler was found out of which nobody had spoken. */
  readonly onPooler?: ((does: string) => void) | undefined;
  /** Sees every statement before it is sent; for tests that count or inspect. */
  readonly observe?: ((statement: SentStatement) => void) | undefined;
  /** `patient`: one long piece of work on one connection, such as a backup. No statement is too slow, and none is prepared. */
  readonly patience: Db['patience'];
  /** Does the sending of a statement, with the text that is sent, and gives what came back. */
  readonly trace?: Tracing['statement'] | undefined;
  /** Told of connections that fail while nobody uses them. */
  readonly onIdleError?: ((error: Error) => void) | undefined;
};

// timestamptz as milliseconds, bigint and what is in lists of it as number: one clock and one kind of number everywhere.
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === 1184) return (value: string) => Date.parse(value);
    if (oid === 20) return Number;
    if (oid === 1016) return (list: string) => list.match(/\d+/g)?.map(Number) ?? [];
    return pg.types.getTypeParser(oid, format);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

/** Milliseconds. Longer than PostgreSQL lets a statement take: nobody waits without end for a server that has gone silent. */
const silence = 6000;

/** Opens a pool. Nothing is connected until the first statement. */
export function openDatabase<P extends Db['patience']>(options: DatabaseOptions & { patience: P }): Database<P> {
  const isPatient = options.patience === 'patient';
  // A pooler that lends a connection for one transaction: what was set or prepared before is another client's.
  const isPooled = !options.preparedStatements;
  let prepares = !isPooled && !isPatient;
  let setsInTransactions = isPooled;
  const pool = new pg.Pool({
    ...options.connection,
    types,
    ...(isPooled ? { pipeline: true } : settingsAtStart(options.patience)),
    max: options.poolSize,
    connectionTimeoutMillis: 1000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'signet',
    ...(!isPatient && { query_timeout: silence }),
  });
  let closing = false;
  pool.on('error', (error) => {
    if (!closing) options.onIdleError?.(error);
  });
  // A connection that fails while checked out emits on the client; without a listener that ends the process.
  pool.on('connect', (client) => client.on('error', () => {}));

  const sender =
    (target: pg.Pool | pg.PoolClient) =>
    async (statement: { text: string; name: string | undefined }, values: readonly unknown[]) => {
      const name = prepares ? statement.name : undefined;
      options.observe?.({ text: statement.text, name, values });
      try {
        const query = () =>
          target.query({
            text: statement.text,
            values: values as unknown[],
            ...(name === undefined ? {} : { name }),
          });
        const result = await (options.trace ? options.trace(statement.text, query) : query());
        return { rows: result.rows as unknown[], count: result.rowCount ?? 0 };
      } catch (error) {
        // PostgreSQL quotes the row or the key it refused there, and what is thrown from here may be logged.
        if (error instanceof pg.DatabaseError) error.detail = undefined;
        if (name !== undefined && isOfAnotherConnection(error)) {
          if (prepares) options.onPooler?.('loses what was prepared on its connections');
          prepares = false;
          setsInTransactions = true;
        }
        throw meaningOf(error);
      }
    };

  // Several commands at once cannot be prepared, and need not be.
  const begin = (text: string, name: string) =>
    setsInTransactions ? { text: beginWithSettings(options.patience, text), name: undefined } : { text, name };
  const commit = { text: 'COMMIT', name: 'commit' };

  const once = async <T>(work: (tx: Db) => Promise<T>): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw meaningOf(error);
    });
    const send = sender(client);
    let broken: Error | undefined;
    try {
      await send(begin('BEGIN', 'begin'), []);
      const tx: Db = { patience: options.patience, send, transaction: (inner) => inner(tx) };
      const result = await work(tx);
      await send(commit, []);
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: unknown) => {
        broken = failure as Error;
      });
      throw error;
    } finally {
      client.release(broken);
    }
  };

  const sendPlainly = sender(pool);

  /** In a transaction that brings its settings; the three are sent at once, without waiting in between. */
  const sendWithSettings = async (statement: { text: string; name: string }, values: readonly unknown[]) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw meaningOf(error);
    });
    const send = sender(client);
    const [begun, done, kept] = await Promise.allSettled([
      send(begin('BEGIN', 'begin'), []),
      send(statement, values),
      send(commit, []),
    ]);
    client.release(begun.status === 'rejected' || kept.status === 'rejected');
    for (const part of [begun, done, kept]) if (part.status === 'rejected') throw part.reason;
    return (done as PromiseFulfilledResult<{ rows: unknown[]; count: number }>).value;
  };

  // One statement outside a transaction is one transaction: what the database undid may be sent again.
  const sendAlone: Db['send'] = (statement, values) =>
    (setsInTransactions ? sendWithSettings : sendPlainly)(statement, values);

  const snapshot = async (): Promise<Snapshot> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw meaningOf(error);
    });
    const send = sender(client);
    const end = () =>
      client.query('ROLLBACK').then(
        () => client.release(),
        (error: Error) => client.release(error),
      );
    try {
      await send(begin('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', 'begin_snapshot'), []);
    } catch (error) {
      await end();
      throw error;
    }
    return { send, [Symbol.asyncDispose]: end };
  };

  const close = () => {
    closing = true;
    return pool.end();
  };
  return {
    patience: options.patience,
    send: (statement, values) => repeated(() => sendAlone(statement, values)),
    transaction: (work) => repeated(() => once(work)),
    snapshot,
    async ensureSettings() {
      if (setsInTransactions) return;
      const { rows } = await sendPlainly({ text: settingsInForce, name: 'settings_in_force' }, []);
      if ((rows[0] as { in_force: boolean }).in_force) return;
      setsInTransactions = true;
      options.onPooler?.('keeps the settings of its connections to itself');
    },
    pool,
    load: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      max: options.poolSize,
      waiting: pool.waitingCount,
    }),
    close,
  };
}

/** The name a statement is prepared under: short, and the same in every process. */
export function statementName(text: string): string {
  return `s${createHash('sha256').update(text).digest('base64url').slice(0, 20)}`;
}

/** True when a unique index refused the row; `constraint` narrows it to one index. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    codeOf(error) === '23505' &&
    (constraint === undefined || (error as { constraint?: string }).constraint === constraint)
  );
}

/** Up to three times while the database says that another was first. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt === 3) throw new Unavailable('the database is busy', 1, error);
    }
  }
}

function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  // A month of the audit log got its partition at this moment: the event that was on its way elsewhere goes there.
  const isMoved = code === '23514' && /violates partition constraint/.test((error as Error).message);
  return code === '40001' || code === '40P01' || isMoved || isOfAnotherConnection(error);
}

/** A statement is prepared that should not be, or is not that should be: the connection is not the one of before. */
function isOfAnotherConnection(error: unknown): boolean {
  return ['42P05', '26000'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** Everything that says "not now" (unreachable, shutting down, read-only, full, too slow) becomes Unavailable; the rest stays. */
function meaningOf(error: unknown): unknown {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : '';
  const notNow =
    /^(?:08|53|57|58)/.test(code) ||
    ['55P03', '25006', '25P03'].includes(code) ||
    [
      'ECONNREFUSED',
      'ECONNRESET',
      'ENOENT',
      'EPIPE',
      'ETIMEDOUT',
      'ENOTFOUND',
      'EAI_AGAIN',
      'EACCES',
      'EHOSTUNREACH',
    ].includes(code) ||
    (code === '' && /terminated|timeout|not queryable|Connection ended|closed the connection/i.test(message));
  if (notNow) return new Unavailable('the database cannot be reached', 1, error);
  // A foreign key: what the row refers to was deleted since it was looked at.
  return code === '23503' ? new Unavailable('something that this is about was just deleted', 1, error) : error;
}
