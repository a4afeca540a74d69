// The keys that children of refresh tokens are derived from: shared, missing, gone; and repeats that come from elsewhere.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { purgeExpired } from '../../src/flows/upkeep/maintenance.ts';
import { query } from '../support/database.ts';
import { liveLeaves } from '../support/families.ts';
import { codeFlow, claimsOf, refresh, spaClient, type Tokens, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let second: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  second = await startSignet({ beside: signet });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
});

const rows = <R>(text: string, values: unknown[] = []) => query<R & object>(signet.database.url, text, values);
const grantOf = ({ access_token }: Tokens) => claimsOf(access_token)['grant_id'];

async function rotated(): Promise<{ parent: Tokens; child: Tokens }> {
  const { tokens: parent } = await codeFlow(signet, spaClient);
  return { parent, child: (await refresh(signet, spaClient, parent.refresh_token)).body };
}

describe('a rotation key', () => {
  test('is one for all processes in its ten minutes, and another in the next', async () => {
    await rotated();
    const [first] = await rows<{ id: string }>('SELECT id FROM rotation_keys');
    const { tokens } = await codeFlow(signet, spaClient);
    await refresh({ issuer: second.server.url }, spaClient, tokens.refresh_token);
    expect(await rows('SELECT id FROM rotation_keys')).toEqual([first]);
    signet.clock.advance(600);
    await rotated();
    expect(await rows('SELECT id FROM rotation_keys')).toHaveLength(2);
  });

  test('that is missing in time: 503, and the family lives; when it is back, the same child', async () => {
    const { parent, child } = await rotated();
    const kept = await rows<{ id: string; begins_at: Date; key_sealed: string }>('SELECT * FROM rotation_keys');
    await rows('DELETE FROM rotation_keys');
    // A process that never had it in memory.
    const third = await startSignet({ beside: signet });
    const repeat = () => refresh({ issuer: third.server.url }, spaClient, parent.refresh_token);
    const refused = await repeat();
    expect([refused.status, refused.body.error]).toEqual([503, 'temporarily_unavailable']);
    for (const { id, begins_at: at, key_sealed: sealed } of kept)
      await rows('INSERT INTO rotation_keys (id, begins_at, key_sealed) VALUES ($1, $2, $3)', [id, at, sealed]);
    expect((await repeat()).body.refresh_token).toBe(child.refresh_token);
    await third.stop();
    expect(await liveLeaves(signet.database.url, child.access_token)).toBe(1);
  });

  test('that is another one gives no child that is not there: 503', async () => {
    const { parent, child } = await rotated();
    await rows('UPDATE refresh_tokens SET rotation_key = (SELECT id FROM rotation_keys ORDER BY begins_at LIMIT 1)');
    expect((await refresh(signet, spaClient, parent.refresh_token)).status).toBe(503);
    expect(await liveLeaves(signet.database.url, child.access_token)).toBe(1);
  });

  test('is gone when no repeat can need it: then nothing in the tables leads from an old token to a living one', async () => {
    const { child } = await rotated();
    const named = `SELECT k.id FROM refresh_tokens t JOIN rotation_keys k ON k.id = t.rotation_key WHERE t.grant_id = $1`;
    expect(await rows(named, [grantOf(child)])).toHaveLength(1);
    // The longest grace there can be is not over yet.
    signet.clock.advance(600);
    await purgeExpired(signet.server.deps, signet.clock.now);
    expect(await rows(named, [grantOf(child)])).toHaveLength(1);
    signet.clock.advance(1201);
    await purgeExpired(signet.server.deps, signet.clock.now);
    expect(await rows(named, [grantOf(child)])).toEqual([]);
    // What is left of the rotation: hashes, times, and where it came from.
    const [parent] = await rows<Record<string, unknown>>(
      'SELECT * FROM refresh_tokens WHERE grant_id = $1 AND generation = 1',
      [grantOf(child)],
    );
    expect(Object.keys(parent!).toSorted()).toEqual(
      'created_at fingerprint first_used_at generation grant_id hash rotated_at rotated_ip rotated_user_agent rotation_key tenant_id'.split(
        ' ',
      ),
    );
    expect((await refresh(signet, spaClient, child.refresh_token)).status).toBe(200);
  });
});

describe('a repeat', () => {
  const repeat = async ({ refresh_token: token }: Tokens, headers: Record<string, string> = {}) => {
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: token });
    return (await fetch(`${signet.issuer}/oauth/token`, { method: 'POST', body, headers })).status;
  };
  const events = (of: Tokens) =>
    rows<{ data: unknown; actor_kind: string; actor_id: string }>(
      `SELECT data, actor_kind, actor_id FROM audit_events WHERE type = 'token.refresh_repeated' AND grant_id = $1`,
      [grantOf(of)],
    );

  test('from where the rotation came from is not worth an event', async () => {
    const { parent } = await rotated();
    expect(await repeat(parent, { 'user-agent': 'node' })).toBe(200);
    expect(await events(parent)).toEqual([]);
  });

  test('from another user agent is recorded with both, and answered', async () => {
    const { parent } = await rotated();
    expect(await repeat(parent, { 'user-agent': `Thief/1.0 ${'x'.repeat(300)}` })).toBe(200);
    expect(await events(parent)).toEqual([
      {
        actor_kind: 'client',
        actor_id: 'spa',
        data: {
          generation: 1,
          rotated_from: { ip: '127.0.0.1', user_agent: 'node' },
          repeated_from: { ip: '127.0.0.1', user_agent: `Thief/1.0 ${'x'.repeat(190)}` },
        },
      },
    ]);
  });
});
