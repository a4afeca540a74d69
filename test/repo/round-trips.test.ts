// How often a request asks the database, once the process is warm: the budget that keeps hot paths fast.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  codeFlow,
  exchangeCode,
  getUserinfo,
  ownClient,
  refresh,
  spaClient,
  type Tokens,
  webClient,
  world,
  alice,
  submitPassword,
} from '../support/flow.ts';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { bitAt, hourOf } from '../../src/domain/status-list.ts';
import { programs, programToken } from '../support/admin.ts';
import { query } from '../support/database.ts';
import { app, exchange, exchangeWorld, gateway, orders, shop, shopScope } from '../support/exchange.ts';
import { logIn } from '../support/first-party.ts';
import { assertionOf, assertionType, makeClientKey, postForm } from '../support/assertions.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import type { SentStatement } from '../../src/storage/database.ts';

let signet: TestSignet;
let agent: Agent;
const sent: SentStatement[] = [];
const tokens: Record<string, Tokens> = {};

beforeAll(async () => {
  signet = await startSignet({ provision: world, observe: (statement) => sent.push(statement) });
  await changesRead();
  agent = createAgent();
  for (const client of [webClient, spaClient, ownClient]) {
    const { tokens: got } = await codeFlow(signet, client, { agent });
    tokens[client.client_id] = (await refresh(signet, client, got.refresh_token)).body;
    await getUserinfo(signet, got.access_token);
  }
});
afterAll(() => signet.stop());

/** What was written is read back as changes, and what is in memory of it dropped, once: waits until that is over. */
async function changesRead(): Promise<void> {
  const reads = () => sent.filter(({ text }) => /JOIN changes ON/.test(text)).length;
  const already = reads();
  await vi.waitUntil(() => reads() > already + 1, { timeout: 20_000 });
}

/** What was sent for `work`, without what the process does by itself beside it. */
async function statementsFor(work: () => Promise<{ status: number }>, status = 200): Promise<SentStatement[]> {
  sent.length = 0;
  expect((await work()).status).toBe(status);
  return sent.filter(
    ({ text }) => !/\bchanges\b|pg_snapshot_xmin|\bleases\b|\bdeployment\b|pg_database|pg_control_system/.test(text),
  );
}

test('exchanging a code takes at most three statements', async () => {
  const asked = authorizationRequest(signet, webClient);
  const code = (await authorizeInteractively(agent, asked)).get('code')!;
  const statements = await statementsFor(() => exchangeCode(signet, webClient, asked, code));
  expect(statements.length).toBeLessThanOrEqual(3);
});

test.each([
  { client: spaClient, what: 'with rotation' },
  { client: webClient, what: 'without rotation' },
])('refreshing $what takes at most three statements', async ({ client }) => {
  const { refresh_token } = tokens[client.client_id]!;
  const statements = await statementsFor(() => refresh(signet, client, refresh_token));
  expect(statements.length).toBeLessThanOrEqual(3);
});

test('a repeated refresh reads once and writes nothing', async () => {
  const { refresh_token } = (await codeFlow(signet, spaClient, { agent })).tokens;
  await refresh(signet, spaClient, refresh_token);
  const statements = await statementsFor(() => refresh(signet, spaClient, refresh_token));
  expect(statements.map(({ text }) => text.split(' ', 1)[0])).toEqual(['select']);
});

test('a signed-in browser gets its code in at most four statements', async () => {
  const { url } = authorizationRequest(signet, ownClient);
  expect((await statementsFor(() => agent.get(url), 303)).length).toBeLessThanOrEqual(4);
});

test('signing in: one look at the attempt, the user and the budgets each, and one transaction', async () => {
  const browser = createAgent();
  const page = await browser.get(`${signet.issuer}/sign-in`);
  const statements = await statementsFor(() => submitPassword(browser, page, alice), 303);
  expect(statements.map(({ text }) => text)).toHaveLength(11);
});

test('/auth/login takes four statements, of which the last makes everything', async () => {
  // Its client is in memory afterwards.
  await logIn(signet, alice);
  const statements = await statementsFor(() => logIn(signet, alice));
  expect(statements).toHaveLength(4);
  expect(statements.at(-1)!.text).toMatch(/^WITH person AS/);
});

test('a program signs in with two statements: the key, and what it opens', async () => {
  const key = `sgk_${'k'.repeat(43)}`;
  await signet.provision({ service_accounts: [{ username: 'program', keys: [{ name: 'first', key }] }] });
  const program = { username: 'program', password: key };
  await logIn(signet, program);
  expect(await statementsFor(() => logIn(signet, program))).toHaveLength(2);
});

test('a token for a program that acts for itself takes none, and one by which the assertion is spent when it signs', async () => {
  const key = await makeClientKey('ES256');
  const machine = { grant_types: ['client_credentials' as const], response_types: [], scope: 'things:read' };
  const own = { ...machine, client_id: 'signs', token_endpoint_auth_method: 'private_key_jwt' as const };
  await signet.provision({
    resources: [{ identifier: 'https://things.example', scopes: ['things:read'] }],
    clients: [
      { ...machine, client_id: 'machine', client_secret: webClient.client_secret },
      { ...own, jwks: { keys: [key.jwk] } },
    ],
  });
  const bySecret = () =>
    postForm(`${signet.issuer}/oauth/token`, {
      grant_type: 'client_credentials',
      client_id: 'machine',
      client_secret: webClient.client_secret,
    });
  await changesRead();
  await bySecret();
  // Its place in a status list too comes from memory, and the next block of places before the last one is used up.
  for (let n = 0; n < 3; n += 1) expect(await statementsFor(bySecret)).toEqual([]);
  const byKey = async () =>
    postForm(`${signet.issuer}/oauth/token`, {
      grant_type: 'client_credentials',
      client_assertion: await assertionOf(signet, 'signs', key),
      client_assertion_type: assertionType,
    });
  await byKey();
  const statements = await statementsFor(byKey);
  expect(statements.map(({ text }) => text)).toEqual([expect.stringMatching(/^INSERT INTO client_assertions/)]);
});

test('claims of a person cost no statement: the person comes with the grant', async () => {
  const scope = 'openid profile roles groups';
  const client = { ...webClient, client_id: 'claims', scope, id_token_claims: true };
  await signet.provision({ clients: [client] });
  await codeFlow(signet, client, { agent, change: { scope } });
  const asked = authorizationRequest(signet, client, { scope });
  const code = (await authorizeInteractively(agent, asked)).get('code')!;
  const statements = await statementsFor(() => exchangeCode(signet, client, asked, code));
  expect(statements.length).toBeLessThanOrEqual(3);
});

test('UserInfo asks once, the published documents never', async () => {
  const { access_token } = tokens['web']!;
  expect(await statementsFor(() => getUserinfo(signet, access_token))).toHaveLength(1);
  for (const path of ['/oauth/jwks', '/.well-known/openid-configuration'])
    expect(await statementsFor(() => fetch(`${signet.issuer}${path}`))).toEqual([]);
});

test('a token is exchanged with two statements: what stands behind it, and its place with the event', async () => {
  await signet.provision({
    resources: exchangeWorld.resources,
    clients: [app, gateway],
  });
  const { tokens: got } = await codeFlow(signet, app, { agent, change: { scope: shopScope, resource: shop } });
  const ask = () => exchange(signet, gateway, got.access_token, { resource: orders });
  await changesRead();
  await ask();
  const { tokens: next } = await codeFlow(signet, app, { agent, change: { scope: shopScope, resource: shop } });
  const askNext = () => exchange(signet, gateway, next.access_token, { resource: orders });
  const first = await statementsFor(askNext);
  expect(first.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^select/),
    expect.stringMatching(/UPDATE grants SET exchanged_bits/),
  ]);
  expect((await statementsFor(askNext)).map(({ text }) => text)).toEqual([
    expect.stringMatching(/^select/),
    expect.stringMatching(/^INSERT INTO audit_events/),
  ]);
});

test('a person with 100 tokens is disabled by as many statements as one with none, and all their bits are set', async () => {
  const bare = { username: 'bare' };
  const rich = { username: 'rich' };
  await signet.provision({ users: [bare, rich], clients: programs });
  const token = await programToken(signet, 'owner');
  const idOf = async (username: string) =>
    (await query<{ id: string }>(signet.database.url, 'SELECT id FROM users WHERE username = $1', [username]))[0]!.id;
  const disable = async (username: string) =>
    statementsFor(async () =>
      fetch(`${adminApiOf(signet.issuer)}/users/${await idOf(username)}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}`, 'if-match': '*', 'content-type': 'application/json' },
        body: JSON.stringify({ disabled: true }),
      }),
    );
  await query(
    signet.database.url,
    `INSERT INTO grants (tenant_id, id, user_id, client_id, scopes, resources, offline, authenticated_at, amr, acr, created_at,
        last_used_at, expires_at, status_bits)
      SELECT u.tenant_id, gen_random_uuid(), u.id, 'web', '{openid}', '{}', true, now(), '{pwd}', 'urn:signet:acr:1fa', now(), now(),
        now() + interval '7 days', ARRAY[$2::bigint + n]
      FROM users u, generate_series(1, 100) AS n WHERE u.id = $1`,
    [await idOf('rich'), bitAt(hourOf(signet.clock.now / 1000), 5000)],
  );
  await changesRead();
  const withNone = await disable('bare');
  expect(withNone).toHaveLength(12);
  expect((await disable('rich')).length).toBe(withNone.length);
  const set = await query(
    signet.database.url,
    'SELECT 1 FROM grants g JOIN status_revocations r ON r.bit = ANY(g.status_bits) WHERE g.user_id = $1',
    [await idOf('rich')],
  );
  expect(set).toHaveLength(100);
});

test('every statement of the hot paths is prepared under a name', async () => {
  const asked = authorizationRequest(signet, webClient);
  const code = (await authorizeInteractively(agent, asked)).get('code')!;
  const statements = await statementsFor(() => exchangeCode(signet, webClient, asked, code));
  for (const { name } of statements) expect(name).toMatch(/^s[\w-]{20}$/);
});
