// Revocation (RFC 7009): what a client may end, and what it learns about tokens that are not its own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic, codeFlow, refresh, spaClient, type TestClient, webClient, world } from '../support/flow.ts';
import { expectDead } from '../support/families.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

async function revoke(client: TestClient, params: Record<string, string> | [string, string][]) {
  const form = new URLSearchParams(params);
  const headers: Record<string, string> = {};
  if (client.client_secret === undefined) form.set('client_id', client.client_id);
  else headers['authorization'] = basic(client.client_id, client.client_secret);
  const response = await fetch(`${signet.issuer}/oauth/revoke`, { method: 'POST', headers, body: form });
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

test('an access token ends by itself: unsupported_token_type', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  expect(await revoke(webClient, { token: tokens.access_token })).toMatchObject({
    status: 400,
    error: 'unsupported_token_type',
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
