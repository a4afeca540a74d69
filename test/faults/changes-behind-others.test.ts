// A transaction that goes on for long, whoever's it is, does not keep changes from the other processes.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeFlow, refresh, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let other: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  other = await startSignet({ beside: signet });
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

test('a client is disabled meanwhile: its refresh token is refused by the other process, before that one ends', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const statusThere = async () => (await refresh({ issuer: other.server.url }, webClient, tokens.refresh_token)).status;
  const long = new pg.Client({ connectionString: signet.database.url });
  await long.connect();
  try {
    await long.query('BEGIN');
    await long.query('SELECT pg_current_xact_id()');
    expect(await statusThere()).toBe(200);
    await signet.provision({ clients: [{ ...webClient, disabled: true }] });
    // The promise is a second; a machine under load is given more before the test gives up.
    await expect.poll(statusThere, { timeout: 5000, interval: 50 }).toBe(401);
    await signet.provision({ clients: [{ ...webClient, disabled: false }] });
    await expect.poll(statusThere, { timeout: 5000, interval: 50 }).toBe(200);
  } finally {
    await long.end();
  }
});
