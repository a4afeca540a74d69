// What the server does by itself: one process at a time, removing what expired and nothing that is still needed.
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Deps } from '../../src/deps.ts';
import { maintain, purgeExpired } from '../../src/flows/upkeep/maintenance.ts';
import { newId } from '../../src/flows/events.ts';
import { takeLease } from '../../src/storage/leases.ts';
import { expiring } from '../../src/storage/purge.ts';
import { query } from '../support/database.ts';
import { authorizationRequest, codeFlow, exchangeCode, refresh, spaClient, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { signIn } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

async function count(table: string): Promise<number> {
  const [row] = await query<{ n: number }>(signet.database.url, `SELECT count(*)::int AS n FROM ${table}`);
  return row!.n;
}
const purge = () => purgeExpired(signet.server.deps, signet.clock.now);
/** A jump of the clock holds back what is removed; that is for the tests of clocks. */
const noRoundBefore = () => query(signet.database.url, 'DELETE FROM upkeep_rounds');
/** Of somebody who is signed in and asked to consent: what strangers ask for has no row. */
const keptAttempt = async () => {
  const agent = await signIn(signet);
  await query(signet.database.url, 'DELETE FROM sign_in_attempts');
  await agent.get(authorizationRequest(signet, webClient, { prompt: 'consent' }).url);
};
const hour = 3600;
const day = 24 * hour;

describe('the lease', () => {
  const [one, other] = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'] as const;

  test('one holder; it may prolong; another gets it when it has run out', async () => {
    const { db } = signet.server.deps;
    const take = (holder: string, now: number) => takeLease(db, 'test', holder, now, now + 100);
    expect(await take(one, 0)).toBe(true);
    expect(await take(other, 99)).toBe(false);
    expect(await take(one, 99)).toBe(true);
    expect(await take(other, 198)).toBe(false);
    expect(await take(other, 199)).toBe(true);
    expect(await take(one, 199)).toBe(false);
  });

  test('of twenty that ask at once one gets it', async () => {
    const { db, random } = signet.server.deps;
    const holders = Array.from({ length: 20 }, () => newId({ random } as typeof signet.server.deps, 0));
    const got = await Promise.all(holders.map((holder) => takeLease(db, 'race', holder, 0, 100)));
    expect(got.filter(Boolean)).toHaveLength(1);
  });
});

describe('purging', () => {
  test('spent codes and rotated tokens stay as long as their family, so that reuse is still seen', async () => {
    const { tokens, asked, code } = await codeFlow(signet, spaClient);
    const rotated = await refresh(signet, spaClient, tokens.refresh_token);
    signet.clock.advance(2 * hour);
    await purge();
    expect((await exchangeCode(signet, spaClient, asked, code)).status).toBe(400);
    expect((await refresh(signet, spaClient, rotated.body.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('attempts go a day after they have expired, not before', async () => {
    await query(signet.database.url, 'DELETE FROM sign_in_attempts');
    await keptAttempt();
    signet.clock.advance(hour + day - 1);
    await purge();
    expect(await count('sign_in_attempts')).toBe(1);
    signet.clock.advance(2);
    await purge();
    expect(await count('sign_in_attempts')).toBe(0);
  });

  test('a family goes a day after its end, with its codes and tokens; the session goes after it; users and the audit stay', async () => {
    await codeFlow(signet, webClient);
    const audit = await count('audit_events');
    signet.clock.advance(7 * day + hour);
    await purge();
    expect(await count('grants')).toBeGreaterThan(0);
    signet.clock.advance(day);
    await purge();
    expect([await count('grants'), await count('authorization_codes'), await count('refresh_tokens')]).toEqual([
      0, 0, 0,
    ]);
    expect(await count('sessions')).toBeGreaterThan(0);
    signet.clock.advance(30 * day);
    await purge();
    expect([await count('sessions'), await count('limits'), await count('changes')]).toEqual([0, 0, 0]);
    expect([await count('users'), await count('audit_events')]).toEqual([2, audit]);
  });

  test('small batches, until nothing is left', async () => {
    await query(
      signet.database.url,
      `INSERT INTO changes (tenant_id, kind, entity, changed_at)
       SELECT '00000000-0000-7000-8000-000000000000', 'client', i::text, to_timestamp(0) FROM generate_series(1, 4500) i`,
    );
    const { db } = signet.server.deps;
    const some = () => expiring['changes']!(db, signet.clock.now);
    expect([await some(), await some(), await some(), await some()]).toEqual([2000, 2000, 500, 0]);
  });

  test('families with very many tokens: no batch takes more rows than any other, and none is left', async () => {
    await codeFlow(signet, spaClient);
    const { url } = signet.database;
    await query(
      url,
      `INSERT INTO refresh_tokens (tenant_id, hash, grant_id, generation, created_at)
       SELECT tenant_id, sha256(i::text::bytea), id, i, created_at FROM grants, generate_series(2, 4500) i`,
    );
    signet.clock.advance(9 * day);
    const { db } = signet.server.deps;
    const some = () => expiring['grants']!(db, signet.clock.now);
    const batches = [await some(), await some(), await some(), await some(), await some()];
    expect(batches).toEqual([2000, 2000, 500, 1, 0]);
    expect([await count('grants'), await count('refresh_tokens')]).toEqual([0, 0]);
  });

  test('one kind that cannot be removed, and keys in trouble: said, and the others go', async () => {
    const { deps } = signet.server;
    await query(
      signet.database.url,
      `INSERT INTO changes SELECT '1'::xid8, '00000000-0000-7000-8000-000000000000', 'client', 'x', to_timestamp(0)`,
    );
    await keptAttempt();
    signet.clock.advance(day + 2 * hour);
    await noRoundBefore();
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
    const broken: Deps = {
      ...deps,
      log,
      db: {
        patience: 'hurried',
        transaction: (work) => deps.db.transaction(work),
        send(statement, values) {
          if (/signing_keys|DELETE FROM "grants"/.test(statement.text)) throw new Error('no such luck');
          return deps.db.send(statement, values);
        },
      },
    };
    await expect(maintain(broken, newId(deps, signet.clock.now))).rejects.toThrow('no such luck');
    expect([await count('sign_in_attempts'), await count('changes')]).toEqual([0, 0]);
    expect(lines.map((line) => (JSON.parse(line) as { kind?: string }).kind)).toEqual(['grants']);
  });

  test('a round does it all, for the process that holds the lease', async () => {
    await keptAttempt();
    signet.clock.advance(day + 2 * hour);
    await noRoundBefore();
    const { deps } = signet.server;
    await maintain(deps, newId(deps, signet.clock.now));
    expect(await count('sign_in_attempts')).toBe(0);
    await keptAttempt();
    signet.clock.advance(119);
    await query(signet.database.url, `UPDATE sign_in_attempts SET expires_at = to_timestamp(0)`);
    await maintain(deps, newId(deps, signet.clock.now));
    expect(await count('sign_in_attempts')).toBe(1);
  });
});
