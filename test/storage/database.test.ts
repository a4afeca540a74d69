// Transactions and failures: throw to undo, conflicts are tried again, "not now" is told apart from a bug.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/domain/errors.ts';
import {
  type Database,
  type Db,
  isUniqueViolation,
  openDatabase,
  type SentStatement,
  statementName,
} from '../../src/storage/database.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { startPostgresProxy } from '../support/postgres-proxy.ts';
import { freePort } from '../../src/testing/start.ts';

let testDatabase: TestDatabase;
let db: Database;
const sent: SentStatement[] = [];
beforeAll(async () => {
  testDatabase = await createDatabase();
  await query(testDatabase.url, 'CREATE TABLE numbers (id integer PRIMARY KEY, n bigint NOT NULL, at timestamptz)');
  db = open(testDatabase.url);
});
afterAll(async () => {
  await db.close();
  await testDatabase.drop();
});

function open(connectionString: string, preparedStatements = true): Database {
  return openDatabase({
    connection: { connectionString },
    poolSize: 5,
    preparedStatements,
    patience: 'hurried',
    observe: (one) => sent.push(one),
  });
}

const run = (on: Db, text: string, values: unknown[] = []) => on.send({ text, name: statementName(text) }, values);
const insert = (on: Db, id: number) => run(on, 'INSERT INTO numbers (id, n) VALUES ($1, 0)', [id]);
const has = async (id: number) => (await run(db, 'SELECT 1 FROM numbers WHERE id = $1', [id])).count === 1;

test('numbers and times come as numbers: bigint, and milliseconds', async () => {
  const { rows } = await run(db, "SELECT 9007199254740991::bigint AS n, '2026-01-02T03:04:05.678Z'::timestamptz AS at");
  expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER, at: Date.UTC(2026, 0, 2, 3, 4, 5, 678) }]);
});

test('return to keep, throw to undo', async () => {
  expect(await db.transaction(async (tx) => (await insert(tx, 1), 'kept'))).toBe('kept');
  const undone = db.transaction(async (tx) => {
    await insert(tx, 2);
    throw new Error('no');
  });
  await expect(undone).rejects.toThrow('no');
  expect([await has(1), await has(2)]).toEqual([true, false]);
});

test('a transaction inside another is part of it', async () => {
  const undone = db.transaction(async (tx) => {
    await tx.transaction((inner) => insert(inner, 3));
    throw new Error('no');
  });
  await expect(undone).rejects.toThrow('no');
  expect(await has(3)).toBe(false);
});

describe('conflicts', () => {
  const conflict = (code: string) => Object.assign(new Error('another was first'), { code });

  test.each(['40001', '40P01'])('%s is tried again, from the beginning', async (code) => {
    const id = Number(code.slice(0, 2)) + (code === '40001' ? 0 : 1);
    let tries = 0;
    await db.transaction(async (tx) => {
      await insert(tx, id);
      if ((tries += 1) < 3) throw conflict(code);
    });
    expect([tries, await has(id)]).toEqual([3, true]);
  });

  test('three times, and then it is "not now"', async () => {
    let tries = 0;
    const failing = db.transaction(() => Promise.reject(conflict(`4000${((tries += 1), 1)}`)));
    await expect(failing).rejects.toThrow(Unavailable);
    expect(tries).toBe(3);
  });

  test('two that lock each other out: PostgreSQL picks one, which is done after the other', async () => {
    for (const id of [10, 11]) await insert(db, id);
    const first = Promise.withResolvers<void>();
    let waiting = 2;
    const both = (one: number, other: number) =>
      db.transaction(async (tx) => {
        await run(tx, 'UPDATE numbers SET n = n + 1 WHERE id = $1', [one]);
        if ((waiting -= 1) <= 0) first.resolve();
        await first.promise;
        await run(tx, 'UPDATE numbers SET n = n + 1 WHERE id = $1', [other]);
      });
    await Promise.all([both(10, 11), both(11, 10)]);
    expect((await run(db, 'SELECT n FROM numbers WHERE id IN (10, 11)')).rows).toEqual([{ n: 2 }, { n: 2 }]);
  });

  test('a taken key is no conflict: it is told, with its index', async () => {
    const taken = await insert(db, 1).catch((error: unknown) => error);
    expect([isUniqueViolation(taken), isUniqueViolation(taken, 'numbers_pkey'), isUniqueViolation(taken, 'x')]).toEqual(
      [true, true, false],
    );
  });
});

describe('not now', () => {
  test('a database that is not there', async () => {
    const nowhere = open(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
    await expect(run(nowhere, 'SELECT 1')).rejects.toThrow(Unavailable);
    await expect(nowhere.transaction((tx) => run(tx, 'SELECT 1'))).rejects.toThrow(Unavailable);
    await nowhere.close();
  });

  test('a connection that PostgreSQL ends; the pool goes on with another', async () => {
    const ended = run(db, 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)');
    await expect(ended).rejects.toThrow(Unavailable);
    expect((await run(db, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('a pool without a free connection: nobody waits for ever, and it recovers', async () => {
    const release = Promise.withResolvers<void>();
    const holding = Array.from({ length: 5 }, () => db.transaction(() => release.promise));
    await expect(run(db, 'SELECT 1')).rejects.toThrow(Unavailable);
    release.resolve();
    await Promise.all(holding);
    expect((await run(db, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });

  test('a read-only database', async () => {
    const failing = db.transaction(async (tx) => {
      await run(tx, 'SET TRANSACTION READ ONLY');
      await insert(tx, 5);
    });
    await expect(failing).rejects.toThrow(Unavailable);
  });

  test('a statement that is wrong is a bug, not "not now"', async () => {
    await expect(run(db, 'SELECT nothing')).rejects.not.toThrow(Unavailable);
  });
});

test('statements are named by their text; with the setting off they have none', async () => {
  expect(statementName('SELECT 1')).toBe(statementName('SELECT 1'));
  expect(statementName('SELECT 1')).not.toBe(statementName('SELECT 2'));
  const plain = open(testDatabase.url, false);
  sent.length = 0;
  await plain.transaction((tx) => run(tx, 'SELECT 1'));
  await plain.close();
  expect(sent.map(({ text, name }) => [text, name])).toEqual([
    [expect.stringMatching(/^BEGIN; SET LOCAL /), undefined],
    ['SELECT 1', undefined],
    ['COMMIT', undefined],
  ]);
});

describe('a pooler that lends a connection for one transaction', () => {
  const asked = `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
    current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('TimeZone') AS zone`;
  const inForce = { statement: '5s', lock: '3s', idle: '5s', zone: 'UTC' };

  test('spoken of: nothing is set at the start, and each transaction brings its settings, as each lone statement does', async () => {
    const pooled = open(testDatabase.url, false);
    expect((await run(pooled, asked)).rows).toEqual([inForce]);
    expect(await pooled.transaction(async (tx) => (await run(tx, asked)).rows)).toEqual([inForce]);
    const { rows } = await pooled.pool.query(asked);
    expect(rows).toEqual([{ ...inForce, statement: '0', lock: '0', idle: '0', zone: expect.any(String) as string }]);
    await pooled.close();
  });

  test('a lone statement is kept or refused as without one', async () => {
    const pooled = open(testDatabase.url, false);
    expect((await insert(pooled, 20)).count).toBe(1);
    expect(await has(20)).toBe(true);
    const taken = await insert(pooled, 20).catch((error: unknown) => error);
    expect(isUniqueViolation(taken, 'numbers_pkey')).toBe(true);
    await expect(run(pooled, 'SELECT nothing')).rejects.not.toThrow(Unavailable);
    await expect(run(pooled, 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)')).rejects.toThrow(
      Unavailable,
    );
    expect((await run(pooled, 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await pooled.close();
  });

  test.each([
    ['26000', 'DEALLOCATE ALL'],
    ['42P05', `PREPARE "${statementName('SELECT 1 AS other')}" AS SELECT 2 AS other`],
  ])(
    'not spoken of, and found by %s: the statement is sent again, and nothing is prepared any more',
    async (_code, meanwhile) => {
      const told: string[] = [];
      const found = openDatabase({
        connection: { connectionString: testDatabase.url },
        poolSize: 1,
        preparedStatements: true,
        patience: 'hurried',
        onPooler: (does) => told.push(does),
      });
      await run(found, 'SELECT 1 AS one');
      await found.pool.query(meanwhile);
      const both = await found.transaction(async (tx) => [
        await run(tx, 'SELECT 1 AS one'),
        await run(tx, 'SELECT 1 AS other'),
      ]);
      expect(both.map(({ rows }) => rows[0])).toEqual([{ one: 1 }, { other: 1 }]);
      expect(told).toEqual(['loses what was prepared on its connections']);
      expect((await run(found, asked)).rows).toEqual([inForce]);
      await found.close();
    },
  );

  test('not spoken of, and it keeps the settings of a start to itself: found when asked', async () => {
    const proxy = await startPostgresProxy(testDatabase.url, { keepsSettings: true });
    const told: string[] = [];
    const found = openDatabase({
      connection: { connectionString: proxy.url },
      poolSize: 2,
      preparedStatements: true,
      patience: 'hurried',
      onPooler: (does) => told.push(does),
    });
    expect((await run(found, asked)).rows).not.toEqual([inForce]);
    await found.ensureSettings();
    expect(told).toEqual(['keeps the settings of its connections to itself']);
    expect((await run(found, asked)).rows).toEqual([inForce]);
    await found.close();
    await proxy.close();
  });

  test('no pooler: nothing is found, and nothing changes', async () => {
    sent.length = 0;
    await db.ensureSettings();
    await run(db, 'SELECT 1 AS one');
    expect(sent.map(({ name }) => name)).toEqual(['settings_in_force', statementName('SELECT 1 AS one')]);
  });
});
