// POST /auth/password: the person behind a fresh token changes the password, with the one they have; all else of theirs ends.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { api, backend, logIn, postJson, refreshAt } from '../support/first-party.ts';
import { claimsOf, codeFlow, getUserinfo, spaClient, type Tokens, world } from '../support/flow.ts';
import { gateStatements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const wanted = 'a new one, made up by herself';

let signet: TestSignet;
let user: { username: string; password: string };
let people = 0;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [...world.clients, backend], resources: [api] },
  });
});
afterAll(() => signet.stop());
beforeEach(async () => {
  people += 1;
  user = { username: `person-${people}`, password: 'the one she has had so far' };
  await signet.provision({ users: [user] });
});

const change = (token: string, body: object = {}) =>
  postJson(
    `${signet.issuer}/auth/password`,
    { current_password: user.password, new_password: wanted, ...body },
    { authorization: `Bearer ${token}` },
  );
const tokensOf = async (more: Record<string, unknown> = {}) => (await logIn(signet, user, more)).body;

test('204: the new password is the one, this session goes on, and every other session and grant has ended', async () => {
  const [here, there] = [await tokensOf({ scope: 'openid' }), await tokensOf({ scope: 'openid offline_access' })];
  const { tokens: elsewhere } = await codeFlow(signet, spaClient, { user });
  const { status, text } = await change(here.access_token);
  expect([status, text]).toEqual([204, '']);
  expect((await logIn(signet, user)).status).toBe(401);
  expect((await logIn(signet, { ...user, password: wanted })).status).toBe(200);
  expect((await refreshAt(signet, here.refresh_token)).status).toBe(200);
  expect((await refreshAt(signet, there.refresh_token)).status).toBe(401);
  expect((await getUserinfo(signet, elsewhere.access_token)).status).toBe(401);
  const events = await query(
    signet.database.url,
    `SELECT actor_kind, data FROM audit_events WHERE type = 'user.password_changed' AND user_id = $1`,
    [claimsOf(here.access_token)['sub']],
  );
  expect(events).toEqual([{ actor_kind: 'user', data: { sessions: 2, grants: 2 } }]);
});

describe('refused, and the password stays', () => {
  test.each([
    ['a wrong current password', { current_password: 'not the one she has' }, 401, 'wrong_credentials'],
    ['a new one that is too short', { new_password: 'short' }, 422, 'invalid_input'],
    ['a new one that is guessed first', { new_password: 'Password1234567' }, 422, 'invalid_input'],
    ['the same again', { new_password: 'the one she has had so far' }, 422, 'invalid_input'],
    ['no current one', { current_password: undefined }, 422, 'invalid_input'],
    ['what belongs to others', { username: 'alice' }, 422, 'invalid_input'],
  ])('%s', async (_what, body, status, code) => {
    const answer = await change((await tokensOf()).access_token, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect((await logIn(signet, user)).status).toBe(200);
  });

  test('a new one made of the own name', async () => {
    const { access_token: token } = await tokensOf();
    const { status, body } = await change(token, { new_password: `${user.username}${user.username}` });
    expect([status, body.code]).toEqual([422, 'invalid_input']);
  });

  test("a new one made of a client's name", async () => {
    const harvest = { ...spaClient, client_id: 'field-notes', client_name: 'Harvest Ledger' };
    await signet.provision({ clients: [harvest] });
    for (const made of ['harvestledger2026', 'FieldNotesFieldNotes']) {
      const { status, body } = await change((await tokensOf()).access_token, { new_password: made });
      expect([status, body.code]).toEqual([422, 'invalid_input']);
    }
  });

  test('a sign-in of more than five minutes ago: RFC 9470 says how to go on', async () => {
    const { access_token: token } = await tokensOf();
    signet.clock.advance(301);
    const { status, headers, body } = await change(token);
    expect([status, body.code]).toEqual([401, 'insufficient_user_authentication']);
    expect(headers.get('www-authenticate')).toMatch(/error="insufficient_user_authentication".*max_age="300"/);
  });

  test.each<[string, () => Promise<string>]>([
    ['of a client of somebody else', async () => (await codeFlow(signet, spaClient, { user })).tokens.access_token],
    [
      'that an API received',
      async () => {
        const { client_id, client_secret } = backend;
        return (await tokensOf({ client_id, client_secret, resource: api.identifier })).access_token;
      },
    ],
    ['that is an ID token', async () => (await tokensOf({ scope: 'openid' })).id_token],
    ['that is a refresh token', async () => (await tokensOf()).refresh_token],
    [
      'of another tenant',
      async () => {
        await signet.provision({ tenant: 'other', users: [user] });
        return (await logIn({ issuer: `${signet.issuer}/t/other` }, user)).body.access_token;
      },
    ],
    ['that is none', async () => 'a.b.c'],
  ])('a token %s', async (_what, tokenOf) => {
    const { status, body } = await change(await tokenOf());
    expect([status, body.code]).toEqual([401, 'invalid_token']);
    expect((await logIn(signet, user)).status).toBe(200);
  });

  test('guesses at the current password by who has a token: its own budget, and nobody else waits for it', async () => {
    const { access_token: token } = await tokensOf();
    const answers: number[] = [];
    for (let tries = 0; tries < 7; tries += 1)
      answers.push((await change(token, { current_password: `guess number ${tries}` })).status);
    expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await logIn(signet, user)).status).toBe(200);
    expect((await change((await tokensOf()).access_token)).status).toBe(204);
  });

  test('two changes at once: one is done, and the other is told that its password is not the one any more', async () => {
    const [one, other]: Tokens[] = [await tokensOf(), await tokensOf()];
    const gate = gateStatements(signet);
    const both = gate.hold('before', /"password_version" = /, 2);
    const changes = [change(one!.access_token), change(other!.access_token, { new_password: `${wanted} too` })];
    await both.arrived;
    both.open();
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 401]);
    gate.open();
  });
});
