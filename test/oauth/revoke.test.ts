// Revocation (RFC 7009): what a client may end, and what it learns about tokens that are not its own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import {
  claimsOf,
  codeFlow,
  getUserinfo,
  refresh,
  revokeToken,
  spaClient,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { expectDead } from '../support/families.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

async function revoke(client: TestClient, params: Record<string, string> | [string, string][]) {
  const response = await revokeToken(signet, client, params);
  const text = await response.text();
  const error = text === '' ? undefined : (JSON.parse(text) as { error: string }).error;
  return { status: response.status, error, text, headers: response.headers };
}

test.each([webClient, spaClient])(
  '$client_id revokes its refresh token: 200, and all that came of its grant is dead',
  async (client) => {
    const { tokens } = await codeFlow(signet, client, { change: { scope: 'openid offline_access' } });
    const answer = await revoke(client, { token: tokens.refresh_token });
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    await expectDead(signet, client, tokens);
    expect((await revoke(client, { token: tokens.refresh_token })).status).toBe(200);
  },
);

test('a rotated refresh token revokes the family as well', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
  expect((await revoke(spaClient, { token: tokens.refresh_token })).status).toBe(200);
  await expectDead(signet, spaClient, child);
});

describe('token_type_hint helps nobody and hinders nobody', () => {
  test.each(['refresh_token', 'access_token', 'something'])('%s', async (token_type_hint) => {
    const { tokens } = await codeFlow(signet, webClient);
    expect((await revoke(webClient, { token: tokens.refresh_token, token_type_hint })).status).toBe(200);
    await expectDead(signet, webClient, tokens);
  });
});

test.each(['x', `sgr_${'A'.repeat(43)}`, `sgc_${'A'.repeat(43)}`, 'ü'])(
  'unknown %s: 200, as if it had been revoked',
  async (token) => {
    expect(await revoke(webClient, { token })).toMatchObject({ status: 200, text: '' });
  },
);

test("another client's token is refused and lives on", async () => {
  const { tokens } = await codeFlow(signet, webClient);
  expect(await revoke(spaClient, { token: tokens.refresh_token })).toMatchObject({
    status: 400,
    error: 'invalid_grant',
  });
  expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
});

describe('an access token', () => {
  let second: TestSignet;
  beforeAll(async () => {
    second = await startSignet({ beside: signet });
  });
  afterAll(() => second.stop());
  const stands = async (token: string) =>
    Promise.all([signet, second].map(async (at) => (await getUserinfo({ issuer: at.server.url }, token)).status));

  test.each([webClient, spaClient])(
    '$client_id gives one back: refused at once on every process, while the family lives on',
    async (client) => {
      const { tokens } = await codeFlow(signet, client, { change: { scope: 'openid offline_access' } });
      expect(await stands(tokens.access_token)).toEqual([200, 200]);
      const answer = await revoke(client, { token: tokens.access_token, token_type_hint: 'refresh_token' });
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(await stands(tokens.access_token)).toEqual([401, 401]);
      const next = (await refresh(signet, client, tokens.refresh_token)).body;
      expect(await stands(next.access_token)).toEqual([200, 200]);
    },
  );

  test('twice, and twenty times at once: one event', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const token = tokens.access_token;
    const answers = await Promise.all(Array.from({ length: 20 }, () => revoke(webClient, { token })));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const jti = claimsOf(token)['jti'];
    expect(await query(signet.database.url, 'SELECT 1 FROM revoked_access_tokens WHERE jti = $1', [jti])).toHaveLength(
      1,
    );
    const events = await query(
      signet.database.url,
      `SELECT client_id FROM audit_events WHERE type = 'token.revoked' AND grant_id = $1`,
      [claimsOf(token)['grant_id']],
    );
    expect(events).toEqual([{ client_id: 'web' }]);
  });

  test("another client's is refused and stands; one that has ended, or is forged, is answered like any other", async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const token = tokens.access_token;
    expect(await revoke(spaClient, { token })).toMatchObject({ status: 400, error: 'invalid_grant' });
    expect(await revoke(webClient, { token: `${token.slice(0, -6)}AAAAAA` })).toMatchObject({ status: 200, text: '' });
    expect(await revoke(webClient, { token: tokens.id_token })).toMatchObject({ status: 200, text: '' });
    expect(await stands(token)).toEqual([200, 200]);
    signet.clock.advance(900);
    expect(await revoke(webClient, { token })).toMatchObject({ status: 200, text: '' });
    const jti = claimsOf(token)['jti'];
    expect(await query(signet.database.url, 'SELECT 1 FROM revoked_access_tokens WHERE jti = $1', [jti])).toEqual([]);
  });
});

test('a wrong secret, no client, no token, a repeated token: refused, and nothing is revoked', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const token = tokens.refresh_token;
  const wrong = await revoke({ ...webClient, client_secret: 'wrong' }, { token });
  expect(wrong).toMatchObject({ status: 401, error: 'invalid_client' });
  expect(wrong.headers.get('www-authenticate')).toContain('Basic');
  expect(await revoke({ client_id: 'web', redirect_uris: [] }, { token })).toMatchObject({ error: 'invalid_client' });
  for (const params of [
    [],
    [['token', '']],
    [
      ['token', token],
      ['token', token],
    ],
  ] as [string, string][][])
    expect(await revoke(webClient, params)).toMatchObject({ status: 400, error: 'invalid_request' });
  expect((await refresh(signet, webClient, token)).status).toBe(200);
});
