// /admin/api/tokens/revoke: by the token, the grant, the user, the client; and whose nobody revokes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adminConsole,
  administer,
  administratorNamed,
  elsewhere,
  programs,
  programToken,
  tokenOf,
} from '../support/admin.ts';
import { query } from '../support/database.ts';
import { alice, bob, claimsOf, codeFlow, getUserinfo, ownClient, refresh, webClient, world } from '../support/flow.ts';
import { issueEverything, working } from '../support/issued.ts';
import { logInWithBoth } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let other: TestSignet;
let owner: string;
let administrator: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
  await signet.provision({ ...world, tenant: 'acme' });
  other = elsewhere(await startSignet({ beside: signet }));
  [owner, administrator] = await Promise.all([programToken(signet, 'owner'), programToken(signet, 'administrator')]);
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

const none = { grants: 0, sessions: 0, tokens: 0 };
const revoke = (body: unknown, token = administrator) => administer(signet, token, 'POST', '/tokens/revoke', body);
async function expectRevoked(body: unknown, ended: Partial<typeof none>, token = administrator) {
  const answer = await revoke(body, token);
  expect([answer.status, answer.body]).toEqual([200, { ...none, ...ended }]);
}
const grantOf = (accessToken: string) => claimsOf(accessToken)['grant_id'] as string;
const subOf = (accessToken: string) => claimsOf(accessToken)['sub'] as string;
const statusAt = async (at: TestSignet, accessToken: string) => (await getUserinfo(at, accessToken)).status;
const eventsOf = (column: string, value: string, type: string) =>
  query(signet.database.url, `SELECT actor_id, data FROM audit_events WHERE ${column} = $1 AND type = $2`, [
    value,
    type,
  ]);

describe('by the token', () => {
  test('an access token ends alone, at once on every process; once', async () => {
    const { tokens } = await codeFlow(signet, ownClient);
    await expectRevoked({ token: tokens.access_token }, { tokens: 1 });
    expect([await statusAt(other, tokens.access_token), await statusAt(signet, tokens.access_token)]).toEqual([
      401, 401,
    ]);
    expect((await refresh(other, ownClient, tokens.refresh_token)).status).toBe(200);
    await expectRevoked({ token: tokens.access_token }, {});
    expect(await eventsOf('grant_id', grantOf(tokens.access_token), 'token.revoked')).toEqual([
      { actor_id: 'program-administrator', data: {} },
    ]);
  });

  test('a refresh token ends with its family; also one that was rotated', async () => {
    for (const isRotated of [false, true]) {
      const { tokens } = await codeFlow(signet, webClient);
      if (isRotated) expect((await refresh(signet, webClient, tokens.refresh_token)).status).toBe(200);
      await expectRevoked({ token: tokens.refresh_token }, { grants: 1 });
      expect(await statusAt(other, tokens.access_token)).toBe(401);
      expect((await refresh(other, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
      await expectRevoked({ token: tokens.refresh_token }, {});
      await expectRevoked({ token: tokens.access_token }, {});
    }
  });

  test('of a client that acts for itself, until it would expire', async () => {
    const [token, next] = [await programToken(signet, 'user_manager'), await programToken(signet, 'user_manager')];
    await expectRevoked({ token }, { tokens: 1 });
    for (const at of [other, signet]) {
      expect((await administer(at, token, 'GET', '/users?limit=1')).status).toBe(401);
      expect((await administer(at, next, 'GET', '/users?limit=1')).status).toBe(200);
    }
    await expectRevoked({ token }, {});
    expect(await eventsOf('client_id', 'program-user_manager', 'token.revoked')).toHaveLength(1);
  });

  test('twice at once: one ends it', async () => {
    const { tokens } = await codeFlow(signet, ownClient);
    for (const [token, what] of [
      [tokens.access_token, 'tokens'],
      [tokens.refresh_token, 'grants'],
    ] as const) {
      const answers = await Promise.all([revoke({ token }), revoke({ token })]);
      expect(answers.map(({ body }) => body[what]).toSorted((a, b) => a - b)).toEqual([0, 1]);
    }
  });

  test('unknown, of another tenant, an ID token: nothing, and says nothing', async () => {
    const acme = await codeFlow({ issuer: `${signet.issuer}/t/acme` }, webClient);
    const { tokens } = await codeFlow(signet, webClient);
    for (const token of [
      'nonsense',
      'a.b.c',
      'x'.repeat(15_000),
      `sgr_${'x'.repeat(43)}`,
      acme.tokens.access_token,
      acme.tokens.refresh_token,
      tokens.id_token,
    ])
      await expectRevoked({ token }, {});
    expect(await statusAt({ ...signet, issuer: `${signet.issuer}/t/acme` }, acme.tokens.access_token)).toBe(200);
    expect(await statusAt(signet, tokens.access_token)).toBe(200);
  });
});

describe('by what is known of it', () => {
  test('a grant', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const id = grantOf(tokens.access_token);
    const answers = await Promise.all([revoke({ grant_id: id }), revoke({ grant_id: id })]);
    expect(answers.map(({ body }) => body.grants).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(await statusAt(other, tokens.access_token)).toBe(401);
    expect((await refresh(other, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
  });

  test('a user: everything of theirs, and nothing of others', async () => {
    const issued = await issueEverything(signet);
    const bobs = await codeFlow(signet, ownClient, { user: bob });
    const id = subOf(issued.online.access_token);
    const { status, body } = await revoke({ user_id: id });
    expect([status, body.sessions >= 1, body.grants >= 3, body.tokens]).toEqual([200, true, true, 0]);
    for (const at of [other, signet]) {
      const works = Object.entries(await working(at, issued)).filter(
        ([name, isGood]) => isGood && !name.startsWith('signing key'),
      );
      expect(works).toEqual([]);
    }
    expect(await statusAt(signet, bobs.tokens.access_token)).toBe(200);
    await expectRevoked({ user_id: id }, {});
    expect(await eventsOf('session_id', claimsOf(issued.online.id_token)['sid'] as string, 'session.ended')).toEqual([
      { actor_id: 'program-administrator', data: { reason: 'by_admin' } },
    ]);
    expect(await eventsOf('user_id', id, 'grant.revoked')).toContainEqual({
      actor_id: 'program-administrator',
      data: { reason: 'by_admin', grants: body.grants },
    });
    await codeFlow(signet, ownClient, { user: alice });
  });

  test('a client: every grant of it, in batches, and of no other', async () => {
    const client = { ...webClient, client_id: 'crowded' };
    await signet.provision({ clients: [client] });
    const [web, crowded] = [await codeFlow(signet, webClient), await codeFlow(signet, client)];
    const many = 1200;
    await query(
      signet.database.url,
      `INSERT INTO grants (tenant_id, id, client_id, user_id, scopes, resources, offline, authenticated_at, amr, acr, created_at, last_used_at, expires_at)
       SELECT tenant_id, gen_random_uuid(), client_id, user_id, scopes, resources, true, authenticated_at, amr, acr, created_at, last_used_at, expires_at
       FROM grants, generate_series(1, ${many}) WHERE id = $1`,
      [grantOf(crowded.tokens.access_token)],
    );
    await expectRevoked({ client_id: 'crowded' }, { grants: many + 1 });
    expect([
      await statusAt(other, crowded.tokens.access_token),
      await statusAt(other, web.tokens.access_token),
    ]).toEqual([401, 200]);
    await expectRevoked({ client_id: 'crowded' }, {});
    const events = await eventsOf('client_id', 'crowded', 'grant.revoked');
    expect(events.map(({ data }) => (data as { grants: number }).grants).toSorted((a, b) => a - b)).toEqual([
      201, 500, 500,
    ]);
  });

  test('what is unknown, no id or of another tenant: 404', async () => {
    const { tokens } = await codeFlow({ issuer: `${signet.issuer}/t/acme` }, webClient);
    for (const id of ['nonsense', 'alice', '00000000-0000-7000-8000-000000000000']) {
      expect((await revoke({ grant_id: id })).status).toBe(404);
      expect((await revoke({ user_id: id })).status).toBe(404);
      expect((await revoke({ client_id: id })).status).toBe(404);
    }
    expect((await revoke({ grant_id: grantOf(tokens.access_token) })).status).toBe(404);
    expect((await revoke({ user_id: subOf(tokens.access_token) })).status).toBe(404);
  });

  test.each<[string, unknown, number, string[]]>([
    ['nothing', {}, 422, ['']],
    ['two', { token: 'a', grant_id: 'b' }, 422, ['/grant_id']],
    ['a list', [], 422, ['']],
    ['another name', { session_id: 'a' }, 422, ['/session_id', '']],
    ['no text', { user_id: 1 }, 422, ['/user_id']],
    ['an empty one', { token: '' }, 422, ['/token']],
    ['no body', undefined, 400, []],
  ])('%s: refused, and says where', async (_what, body, status, pointers) => {
    const refused = await revoke(body);
    expect(refused.status).toBe(status);
    const found = (refused.body.errors ?? []).map(({ pointer }: { pointer: string }) => pointer);
    expect(found[0] ?? '').toBe(pointers[0] ?? '');
  });
});

describe('who may', () => {
  test('what is an owner’s is revoked by owners alone, in each way', async () => {
    const { token, enrolled } = await administratorNamed(signet, 'olga', ['owner']);
    const program = await programToken(signet, 'owner');
    const { body: later } = await logInWithBoth(signet, enrolled);
    const ways = [
      { token },
      { token: later.refresh_token },
      { token: program },
      { grant_id: grantOf(token) },
      { user_id: subOf(token) },
      { client_id: 'console' },
    ];
    for (const way of ways) expect((await revoke(way)).status, JSON.stringify(way)).toBe(403);
    for (const living of [token, program])
      expect((await administer(other, living, 'GET', '/users?limit=1')).status).toBe(200);
    await expectRevoked({ token: program }, { tokens: 1 }, owner);
    await expectRevoked({ token }, { tokens: 1 }, owner);
    for (const dead of [token, program])
      expect((await administer(other, dead, 'GET', '/users?limit=1')).status).toBe(401);
    await expectRevoked({ grant_id: grantOf(token) }, { grants: 1 }, owner);
  });

  test('nor every grant of a client that an owner uses', async () => {
    const client = { ...webClient, client_id: 'shared' };
    await signet.provision({ clients: [client] });
    const [alices, bobs] = [await codeFlow(signet, client), await codeFlow(signet, client, { user: bob })];
    const promote = (roles: string) =>
      query(signet.database.url, `UPDATE users SET admin_roles = $1 WHERE id = $2`, [
        roles,
        subOf(bobs.tokens.access_token),
      ]);
    await promote('{owner}');
    const refused = await revoke({ client_id: 'shared' });
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    expect((await revoke({ token: bobs.tokens.refresh_token })).status).toBe(403);
    for (const { tokens } of [alices, bobs]) expect(await statusAt(other, tokens.access_token)).toBe(200);
    await promote('{user_manager}');
    await expectRevoked({ client_id: 'shared' }, { grants: 2 });
    for (const { tokens } of [alices, bobs]) expect(await statusAt(other, tokens.access_token)).toBe(401);
    await promote('{}');
  });

  test('nobody without the scope, and a person only soon after signing in', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const body = { token: tokens.access_token };
    for (const role of ['user_manager', 'auditor'])
      expect((await revoke(body, await programToken(signet, role))).status).toBe(403);
    expect((await revoke(body, await tokenOf(signet, programs[0]!, 'admin:grants:write'))).status).toBe(403);
    const { token } = await administratorNamed(signet, 'otto', ['owner']);
    signet.clock.advance(601);
    expect((await revoke(body, token)).body.code).toBe('insufficient_user_authentication');
  });
});
