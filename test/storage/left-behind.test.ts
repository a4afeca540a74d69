// What is stored of what people and clients do, in rows and bytes: a bound for each, because it adds up.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { alice, codeFlow, ownClient, refresh, spaClient, submitPassword, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let tables: string[];
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  const names = await query<{ name: string }>(
    signet.database.url,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^(signet_|audit_events_|changes$|leases$)'`,
  );
  tables = names.map(({ name }) => name);
});
afterAll(() => signet.stop());

type Stored = { readonly rows: number; readonly bytes: number };

/** Every row as it is on the page, with its header, without indexes. */
async function stored(): Promise<Stored> {
  const counts = tables.map(
    (table) => `SELECT count(*) AS rows, sum(pg_column_size(t.*) + 24) AS bytes FROM ${table} t`,
  );
  const text = `SELECT sum(rows)::int AS rows, sum(bytes)::int AS bytes FROM (${counts.join(' UNION ALL ')}) AS all_tables`;
  return (await query<Stored>(signet.database.url, text))[0]!;
}

async function leftBehind(work: () => Promise<unknown>): Promise<Stored> {
  const before = await stored();
  await work();
  const after = await stored();
  return { rows: after.rows - before.rows, bytes: after.bytes - before.bytes };
}

test('a refresh leaves its child and its event', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  // The key of these ten minutes is there afterwards.
  const first = (await refresh(signet, spaClient, tokens.refresh_token)).body;
  const left = await leftBehind(() => refresh(signet, spaClient, first.refresh_token));
  expect(left.rows).toBe(2);
  expect(left.bytes).toBeLessThan(700);
});

test('a refresh without rotation leaves its event alone', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const left = await leftBehind(() => refresh(signet, webClient, tokens.refresh_token));
  expect(left.rows).toBe(1);
  expect(left.bytes).toBeLessThan(400);
});

test('a sign-in leaves an attempt, a session and an event', async () => {
  const agent = createAgent();
  const left = await leftBehind(async () => {
    await submitPassword(agent, await agent.get(`${signet.issuer}/sign-in`), alice);
  });
  expect(left.rows).toBe(3);
  expect(left.bytes).toBeLessThan(1000);
});

test('a code flow of somebody who is signed in leaves a grant, a code, a refresh token and two events', async () => {
  const agent = createAgent();
  await codeFlow(signet, ownClient, { agent });
  const left = await leftBehind(() => codeFlow(signet, ownClient, { agent }));
  expect(left.rows).toBe(5);
  expect(left.bytes).toBeLessThan(2000);
});
