// What one process changes, another knows within a second, also when the change was long in the making.
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changesSince, currentPosition, recordChange } from '../../src/storage/changes.ts';
import { authorizationRequest, codeFlow, refresh, spaClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let other: TestSignet;
let elsewhere: { issuer: string };
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  other = await startSignet({ beside: signet });
  elsewhere = { issuer: other.server.url };
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

/** The promise is a second; a machine under load is given more before the test gives up. */
const soon = { timeout: 5000, interval: 50 };

async function asksForRedirect(redirectUri: string): Promise<number> {
  const { url } = authorizationRequest(elsewhere, spaClient, { redirect_uri: redirectUri });
  return (await fetch(url, { redirect: 'manual' })).status;
}

test('a changed client: the other process knows its new redirect URI, and no longer the old one', async () => {
  const [before] = spaClient.redirect_uris as [string];
  const after = 'https://spa.example/moved';
  expect([await asksForRedirect(before), await asksForRedirect(after)]).toEqual([303, 400]);
  await signet.provision({ clients: [{ ...spaClient, redirect_uris: [after] }] });
  await expect.poll(() => asksForRedirect(after), soon).toBe(303);
  expect(await asksForRedirect(before)).toBe(400);
});

test('a disabled client: its refresh token is refused by the other process', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  expect((await refresh(elsewhere, webClient, tokens.refresh_token)).status).toBe(200);
  await signet.provision({ clients: [{ ...webClient, disabled: true }] });
  await expect.poll(async () => (await refresh(elsewhere, webClient, tokens.refresh_token)).status, soon).toBe(401);
});

test('a new tenant: the other process serves it, though it was asked for it before', async () => {
  const discovery = () => fetch(`${elsewhere.issuer}/t/late/.well-known/openid-configuration`);
  expect((await discovery()).status).toBe(404);
  await signet.provision({ tenant: 'late' });
  await expect.poll(async () => (await discovery()).status, soon).toBe(200);
});

test('a transaction that began before others and ends after them is not skipped', async () => {
  const { db } = signet.server.deps;
  const change = (entity: string) =>
    ({ kind: 'client', tenantId: '00000000-0000-7000-8000-000000000000', entity }) as const;
  const long = new pg.Client({ connectionString: signet.database.url });
  await long.connect();
  try {
    let position = await currentPosition(db);
    const seen: string[] = [];
    const look = async () => {
      const found = await changesSince(db, position);
      position = found.position;
      seen.push(...found.changes.map(({ entity }) => entity).filter((entity) => /^(?:long|short)/.test(entity)));
    };
    await long.query('BEGIN');
    await long.query(`INSERT INTO changes (tenant_id, kind, entity, changed_at) VALUES ($1, 'client', 'long', now())`, [
      change('').tenantId,
    ]);
    await recordChange(db, change('short'), signet.clock.now);
    await look();
    await look();
    expect(seen).not.toContain('long');
    await long.query('COMMIT');
    // Other tests' transactions in this cluster may hold the horizon back for a moment.
    await expect.poll(async () => (await look(), [...new Set(seen)].sort()), soon).toEqual(['long', 'short']);
  } finally {
    await long.end();
  }
});
