// The refresh_token grant: rotation by policy, the lost reply, reuse, and what may be asked for.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  claimsOf,
  codeFlow,
  ownClient,
  refresh,
  spaClient,
  type TestClient,
  tokenRequest,
  type Tokens,
  webClient,
  world,
  meaningOf,
} from '../support/flow.ts';
import { expectDead } from '../support/families.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const secret = webClient.client_secret;
const rotating = { ...webClient, client_id: 'rotating', refresh_token_rotation: true };
const ownServer = { ...webClient, client_id: 'own-server', first_party: true };
const still = { ...ownServer, client_id: 'still', refresh_token_rotation: false };
const hasty = { ...spaClient, client_id: 'hasty', refresh_token_grace: 0 };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, rotating, ownServer, still, hasty] },
  });
});
afterAll(() => signet.stop());

describe('whether a refresh rotates', () => {
  test.each<[string, TestClient, boolean]>([
    ['a public client', spaClient, true],
    ['a public first-party client', ownClient, true],
    ['a confidential client', webClient, false],
    ['a confidential client that asked for it', rotating, true],
    ['a confidential first-party client', ownServer, true],
    ['a first-party client that opted out', still, false],
  ])('%s', async (_what, client, rotates) => {
    const { tokens } = await codeFlow(signet, client);
    const { status, headers, body } = await refresh(signet, client, tokens.refresh_token);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body.refresh_token !== tokens.refresh_token).toBe(rotates);
    expect(claimsOf(body.access_token)['jti']).not.toBe(claimsOf(tokens.access_token)['jti']);
    expect(claimsOf(body.access_token)['grant_id']).toBe(claimsOf(tokens.access_token)['grant_id']);
  });
});

test('the new ID token says who and when as the first one did, without its nonce', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  signet.clock.advance(10);
  const first = claimsOf(tokens.id_token);
  const later = claimsOf((await refresh(signet, webClient, tokens.refresh_token)).body.id_token);
  for (const name of ['iss', 'sub', 'aud', 'auth_time', 'acr', 'amr', 'sid']) expect(later[name]).toEqual(first[name]);
  expect(later['iat']).toBe((first['iat'] as number) + 10);
  expect(later).not.toHaveProperty('nonce');
});

describe('a rotated token again', () => {
  async function rotated(client: TestClient, after = 0): Promise<{ parent: string; child: Tokens }> {
    const { tokens } = await codeFlow(signet, client);
    const child = (await refresh(signet, client, tokens.refresh_token)).body;
    signet.clock.advance(after);
    return { parent: tokens.refresh_token, child };
  }

  test('within the grace: the same refresh token, an access token with the same jti and end, expires_in counted from then', async () => {
    const { parent, child } = await rotated(spaClient, 30);
    const repeat = await refresh(signet, spaClient, parent);
    expect(repeat.status).toBe(200);
    expect(meaningOf(repeat.body)).toEqual({ ...meaningOf(child), expires_in: 870 });
    expect((await refresh(signet, spaClient, child.refresh_token)).status).toBe(200);
  });

  test('a second later: invalid_grant, and the family is dead', async () => {
    const { parent, child } = await rotated(spaClient, 31);
    expect((await refresh(signet, spaClient, parent)).body.error).toBe('invalid_grant');
    await expectDead(signet, spaClient, child);
  });

  test('within the grace, but after its child was used: invalid_grant, and the family is dead', async () => {
    const { parent, child } = await rotated(spaClient);
    const grandchild = (await refresh(signet, spaClient, child.refresh_token)).body;
    expect((await refresh(signet, spaClient, parent)).body.error).toBe('invalid_grant');
    await expectDead(signet, spaClient, grandchild);
  });

  test('asking for something else: refused, but no proof of theft, so the family lives', async () => {
    const { parent, child } = await rotated(spaClient);
    expect((await refresh(signet, spaClient, parent, { scope: 'openid' })).body.error).toBe('invalid_grant');
    expect((await refresh(signet, spaClient, child.refresh_token)).status).toBe(200);
  });

  test('by another client: refused, and the family of the first one lives', async () => {
    const { parent, child } = await rotated(spaClient, 31);
    expect((await refresh(signet, ownClient, parent)).body.error).toBe('invalid_grant');
    expect((await refresh(signet, spaClient, child.refresh_token)).status).toBe(200);
  });

  test('where the client wants no grace: a second later it is reuse', async () => {
    const { parent, child } = await rotated(hasty, 1);
    expect((await refresh(signet, hasty, parent)).body.error).toBe('invalid_grant');
    await expectDead(signet, hasty, child);
  });
});

describe('scope', () => {
  test('narrower: this access token only, the next refresh has all again', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const narrow = await refresh(signet, webClient, tokens.refresh_token, { scope: 'email' });
    expect(narrow.body.scope).toBe('email');
    expect(claimsOf(narrow.body.access_token)['scope']).toBe('email');
    expect(narrow.body).not.toHaveProperty('id_token');
    expect((await refresh(signet, webClient, tokens.refresh_token)).body.scope).toBe('openid profile email');
  });

  test.each(['openid phone', 'offline_access', 'admin', '"', 'openid "'])(
    '%s is wider or malformed: invalid_scope, and the token still works',
    async (scope) => {
      const { tokens } = await codeFlow(signet, spaClient);
      const wider = await refresh(signet, spaClient, tokens.refresh_token, { scope });
      expect([wider.status, wider.body.error]).toEqual([400, 'invalid_scope']);
      const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
      expect(child.scope).toBe('openid profile email');
    },
  );
});

test('missing, unknown or another kind of token: invalid_request or invalid_grant', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const missing = await tokenRequest(signet, webClient, { grant_type: 'refresh_token' });
  expect([missing.status, missing.body.error]).toEqual([400, 'invalid_request']);
  for (const token of [
    'x',
    `sgr_${'A'.repeat(43)}`,
    tokens.access_token,
    tokens.id_token,
    `${tokens.refresh_token}A`,
  ]) {
    const answer = await refresh(signet, webClient, token);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_grant']);
  }
});

test("another client's refresh token is refused, with the right secret of the wrong client too", async () => {
  const { tokens } = await codeFlow(signet, webClient);
  for (const thief of [rotating, spaClient, { ...still, client_secret: secret }])
    expect((await refresh(signet, thief, tokens.refresh_token)).body.error).toBe('invalid_grant');
  expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
});
