// POST /auth/refresh and /auth/logout: the rotation of the token endpoint, for first-party families only; and their end.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { api, backend, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, claimsOf, codeFlow, getUserinfo, meaningOf, spaClient, type Tokens, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const named = { client_id: backend.client_id, client_secret: backend.client_secret };

let signet: TestSignet;
let second: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, backend], resources: [api] },
  });
  second = await startSignet({ beside: signet });
});
afterAll(async () => {
  await second.stop();
  await signet.stop();
});

const logout = (body?: unknown, headers: Record<string, string> = {}, issuer = signet.issuer) =>
  postJson(`${issuer}/auth/logout`, body, headers);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function expectEnded({ access_token: access, refresh_token: token }: Tokens): Promise<void> {
  expect((await refreshAt(signet, token)).body.code).toBe('invalid_grant');
  expect((await getUserinfo(signet, access)).status).toBe(401);
}

describe('refresh', () => {
  test('gives the next tokens; the same again within the grace; and reuse after it ends the family', async () => {
    const first = (await logIn(signet, alice, { scope: 'openid email' })).body;
    const { status, body } = await refreshAt(signet, first.refresh_token);
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900, scope: 'openid email' });
    expect([body.token, body.refresh_token === first.refresh_token]).toEqual([body.access_token, false]);
    const { token: _once, ...again } = (await refreshAt(signet, first.refresh_token)).body;
    const { token: _more, ...child } = body;
    expect(meaningOf(again)).toEqual(meaningOf(child));
    signet.clock.advance(31);
    const reused = await refreshAt(signet, first.refresh_token);
    expect([reused.status, reused.body.code]).toEqual([401, 'invalid_grant']);
    await expectEnded(body);
  });

  test('twenty at once, over two processes: one child', async () => {
    const { refresh_token: token } = (await logIn(signet, alice)).body;
    const at = (i: number) => (i % 2 === 0 ? signet : { issuer: second.server.url });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => refreshAt(at(i), token)));
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
  });

  test('of a confidential client: with its secret only', async () => {
    const { refresh_token: token } = (await logIn(signet, alice, named)).body;
    for (const more of [{}, { client_id: 'backend' }, { ...named, client_secret: 'x'.repeat(32) }])
      expect((await refreshAt(signet, token, more)).status).toBe(401);
    expect((await refreshAt(signet, token, named)).status).toBe(200);
  });

  test('of a client of somebody else: refused, and its family lives', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    expect((await refreshAt(signet, tokens.refresh_token)).status).toBe(401);
    expect((await refreshAt(signet, tokens.refresh_token, { client_id: 'spa' })).body.code).toBe('unauthorized_client');
    const [family] = await query<{ revoked_at: unknown }>(
      signet.database.url,
      'SELECT revoked_at FROM grants WHERE id = $1',
      [claimsOf(tokens.access_token)['grant_id']],
    );
    expect(family!.revoked_at).toBeNull();
  });

  test('after the user was disabled, or given another password: nothing', async () => {
    const user = { username: 'leaving', password: 'for a short time only' };
    await signet.provision({ users: [user] });
    const one = (await logIn(signet, user)).body;
    await signet.provision({ users: [{ ...user, password: 'another one from now on', password_reset: true }] });
    expect((await refreshAt(signet, one.refresh_token)).status).toBe(401);
    const two = (await logIn(signet, { ...user, password: 'another one from now on' })).body;
    await signet.provision({ users: [{ username: 'leaving', disabled: true }] });
    expect((await refreshAt(signet, two.refresh_token)).status).toBe(401);
  });
});

describe('logout', () => {
  test.each([
    ['a Bearer and no body', (tokens: Tokens) => logout(undefined, bearer(tokens.access_token))],
    ['a Bearer and an empty object', (tokens: Tokens) => logout({}, bearer(tokens.access_token))],
    ['the refresh token', (tokens: Tokens) => logout({ refresh_token: tokens.refresh_token })],
  ])('with %s: 204, and session and family are over, at the other process too', async (_what, end) => {
    for (const scope of ['openid', 'openid offline_access']) {
      const tokens = (await logIn(signet, alice, { scope })).body;
      const { status, text } = await end(tokens);
      expect([status, text]).toEqual([204, '']);
      await expectEnded(tokens);
      expect((await refreshAt({ issuer: second.server.url }, tokens.refresh_token)).status).toBe(401);
      const [session] = await query<{ end_reason: string }>(
        signet.database.url,
        'SELECT end_reason FROM sessions WHERE id = $1',
        [claimsOf(tokens.access_token)['sid']],
      );
      expect(session).toEqual({ end_reason: 'signed_out' });
    }
  });

  test('with an empty body of whatever type, as programs send it that have none: 204', async () => {
    const { access_token: token } = (await logIn(signet, alice)).body;
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const headers = { ...bearer(token), ...type };
    expect((await fetch(`${signet.issuer}/auth/logout`, { method: 'POST', headers, body: '' })).status).toBe(204);
    // Not 403 for its scopes: a token that is over has none.
    expect((await getUserinfo(signet, token)).status).toBe(401);
  });

  test('leaves the same person signed in elsewhere', async () => {
    const [here, there] = [(await logIn(signet, alice)).body, (await logIn(signet, alice)).body];
    await logout({ refresh_token: here.refresh_token });
    expect((await refreshAt(signet, there.refresh_token)).status).toBe(200);
  });

  test('twice, and with a refresh token that nobody knows: 204', async () => {
    const { refresh_token: token } = (await logIn(signet, alice)).body;
    for (const given of [token, token, `sgr_${'a'.repeat(43)}`, 'nonsense'])
      expect((await logout({ refresh_token: given })).status).toBe(204);
  });

  test.each([
    ['nothing', async () => logout({}), 'invalid_token'],
    ['an access token of a client of somebody else', async () => foreign(), 'invalid_token'],
    ['an access token that an API received', async () => forApi(), 'invalid_token'],
    ['an ID token', async () => withIdToken(), 'invalid_token'],
    ['a token of another tenant', async () => fromElsewhere(), 'invalid_token'],
  ])('with %s: 401, and nobody is signed out', async (_what, attempt, code) => {
    const { status, headers, body } = await attempt();
    expect([status, body.code]).toEqual([401, code]);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
  });

  async function foreign() {
    const { tokens } = await codeFlow(signet, spaClient);
    const answer = await logout({}, bearer(tokens.access_token));
    expect((await getUserinfo(signet, tokens.access_token)).status).toBe(200);
    return answer;
  }

  async function forApi() {
    const tokens = (await logIn(signet, alice, { ...named, resource: api.identifier, scope: 'orders:read' })).body;
    const answer = await logout({}, bearer(tokens.access_token));
    expect((await refreshAt(signet, tokens.refresh_token, named)).status).toBe(200);
    return answer;
  }

  async function withIdToken() {
    return logout({}, bearer((await logIn(signet, alice, { scope: 'openid' })).body.id_token));
  }

  async function fromElsewhere() {
    await signet.provision({ tenant: 'other', users: [alice] });
    const elsewhere = `${signet.issuer}/t/other`;
    return logout({}, bearer((await logIn({ issuer: elsewhere }, alice)).body.access_token));
  }

  test("with another client's refresh token: refused, and its family lives, though both clients are the tenant's own", async () => {
    const { refresh_token: token } = (await logIn(signet, alice, named)).body;
    expect((await logout({ refresh_token: token })).body.code).toBe('invalid_grant');
    expect((await refreshAt(signet, token, named)).status).toBe(200);
  });

  test('with both a Bearer and a refresh token: which one is meant is not guessed', async () => {
    const { access_token: access, refresh_token: token } = (await logIn(signet, alice)).body;
    expect((await logout({ refresh_token: token }, bearer(access))).status).toBe(422);
  });

  test('a browser that is signed in stays so: nothing here looks at cookies', async () => {
    const agent = createAgent();
    await codeFlow(signet, spaClient, { agent });
    await agent.get(`${signet.issuer}/account`);
    expect((await logout({})).status).toBe(401);
    expect((await agent.get(`${signet.issuer}/account`)).status).toBe(200);
  });
});
