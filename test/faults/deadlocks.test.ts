// Deadlocks: what PostgreSQL undid because two waited for each other is sent again, and nobody sees an error.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openDatabase, statementName } from '../../src/storage/database.ts';
import { field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { codeFlow, refresh, spaClient, world } from '../support/flow.ts';
import { untilBlocked } from '../support/lock-waits.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
const open: pg.Client[] = [];
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.end();
});
afterAll(() => signet.stop());

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: signet.database.url });
  await client.connect();
  open.push(client);
  return client;
}

test('sign-out and a refresh that wait for each other: both are answered, and the session has ended', async () => {
  const { tokens, agent } = await codeFlow(signet, spaClient);
  const page = await agent.get(`${signet.issuer}/account`);
  // Long enough that the refresh notes the use of the session.
  signet.clock.advance(120);
  const blocker = await connect();
  await blocker.query('BEGIN');
  await blocker.query('SELECT 1 FROM refresh_tokens FOR UPDATE');
  // The refresh gets the family first, and sign-out the session: then each wants what the other has.
  const refreshing = refresh(signet, spaClient, tokens.refresh_token);
  await untilBlocked(signet.database.url, 1);
  const leaving = agent.post(`${signet.issuer}/sign-out`, { csrf: field(page, 'csrf'), decision: 'confirm' });
  await untilBlocked(signet.database.url, 2);
  await blocker.query('ROLLBACK');
  const [refreshed, left] = await Promise.all([refreshing, leaving]);
  expect(left.status).toBe(200);
  expect([200, 400]).toContain(refreshed.status);
  expect(await query(signet.database.url, 'SELECT 1 FROM sessions WHERE ended_at IS NULL')).toEqual([]);
  const last = refreshed.status === 200 ? refreshed.body.refresh_token : tokens.refresh_token;
  expect((await refresh(signet, spaClient, last)).body.error).toBe('invalid_grant');
});

test('one statement outside a transaction that PostgreSQL undid is sent again', async () => {
  const sent: string[] = [];
  const db = openDatabase({
    connection: { connectionString: signet.database.url },
    poolSize: 1,
    preparedStatements: true,
    patience: 'hurried',
    observe: ({ text }) => sent.push(text),
  });
  try {
    const other = await connect();
    await other.query('CREATE TABLE pairs (id integer PRIMARY KEY, n integer NOT NULL)');
    await other.query('INSERT INTO pairs VALUES (1, 0), (2, 0)');
    await other.query('BEGIN');
    await other.query('UPDATE pairs SET n = 10 WHERE id = 1');
    const text = `WITH second AS (UPDATE pairs SET n = n + 1 WHERE id = 2 RETURNING id)
      UPDATE pairs SET n = pairs.n + 1 FROM second WHERE pairs.id = 1`;
    const both = db.send({ text, name: statementName(text) }, []);
    await untilBlocked(signet.database.url, 1);
    // Who looks for a deadlock first gives way: never this one, however slow the machine is.
    await other.query("SET deadlock_timeout = '1min'");
    await other.query('UPDATE pairs SET n = 20 WHERE id = 2');
    await other.query('COMMIT');
    expect((await both).count).toBe(1);
    // Twice, or once more where it came before the other one's turn and was undone again; with the effect of one.
    expect(sent.length).toBeGreaterThanOrEqual(2);
    expect(new Set(sent)).toEqual(new Set([text]));
    expect((await other.query('SELECT n FROM pairs ORDER BY id')).rows).toEqual([{ n: 11 }, { n: 21 }]);
  } finally {
    await db.close();
  }
});
