// Two tenants with the same clients, names, addresses and redirect URIs: every statement says whose it is, nothing crosses.
import { idempotently } from '../../src/flows/admin/idempotent.ts';
import { asPatient } from '../support/patient.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contextWithoutRequest, type RequestContext } from '../../src/domain/context.ts';
import { deleteClient } from '../../src/flows/clients/delete.ts';
import { listClients } from '../../src/flows/clients/list.ts';
import { registerClient } from '../../src/flows/clients/register.ts';
import { assertionOf, assertionType, postForm } from '../support/assertions.ts';
import { rotateClientSecret } from '../../src/flows/clients/secrets.ts';
import { createService } from '../../src/flows/service-accounts/create.ts';
import { listServices } from '../../src/flows/service-accounts/find.ts';
import { addServiceKey, listServiceKeys, revokeServiceKey } from '../../src/flows/service-accounts/keys.ts';
import { endNamedSession, endSessionsOfUser } from '../../src/flows/sessions/end.ts';
import { listTenantSessions } from '../../src/flows/sessions/list.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { createUser } from '../../src/flows/users/save.ts';
import { resetAdministrator } from '../../src/flows/users/administrators.ts';
import { disableUser, enableUser } from '../../src/flows/users/disable.ts';
import { listUsers } from '../../src/flows/users/find.ts';
import { setPassword } from '../../src/flows/users/passwords.ts';
import type { SentStatement } from '../../src/storage/database.ts';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { logIn } from '../support/first-party.ts';
import { revokeAccess, signOut } from '../support/endings.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  basic,
  codeFlow,
  exchangeCode,
  getUserinfo,
  refresh,
  spaClient,
  submitPassword,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

type Tenant = { readonly id: string; readonly issuer: string };

let signet: TestSignet;
let acme: Tenant;
let globex: Tenant;
let tenantTables: string[];
const sent: SentStatement[] = [];
const globexPassword = 'alice has another password there';

beforeAll(async () => {
  // Nothing listens there: what is to be sent stays.
  const mail = { server: { host: '127.0.0.1', port: 9, tls: 'off' }, from: { address: 'signet@example.com' } } as const;
  signet = await startSignet({ observe: (statement) => sent.push(statement), config: { mail } });
  const settings = { administrator_mfa: 'as_everybody' } as const;
  await signet.provision({ ...world, settings, tenant: 'acme' });
  const others = world.users.map((user) => ({ ...user, password: globexPassword }));
  await signet.provision({ ...world, settings, tenant: 'globex', users: others });
  [acme, globex] = (await query(
    signet.database.url,
    `SELECT id, issuer FROM tenants WHERE slug <> 'default' ORDER BY slug`,
  )) as [Tenant, Tenant];
  const rows = await query<{ table_name: string }>(
    signet.database.url,
    `SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id' AND table_name <> 'changes'
       AND table_name NOT LIKE 'audit_events_%'`,
  );
  tenantTables = rows.map(({ table_name }) => table_name);
});
afterAll(() => signet.stop());

/** Everything a person and their clients do, at one tenant. */
async function wholeStory(at: Tenant, password: string): Promise<void> {
  const agent = createAgent();
  const user = { ...alice, password };
  const page = await agent.get(`${at.issuer}/sign-in`);
  expect((await submitPassword(agent, page, { ...alice, password: 'not this one' })).status).toBe(403);
  const web = await codeFlow(at, webClient, { agent, user });
  const spa = await codeFlow(at, spaClient, { agent, user });
  expect((await getUserinfo(at, web.tokens.access_token)).status).toBe(200);
  expect((await refresh(at, webClient, web.tokens.refresh_token)).status).toBe(200);
  expect((await refresh(at, spaClient, spa.tokens.refresh_token)).status).toBe(200);
  await exchangeCode(at, webClient, web.asked, web.code);
  await agent.get(authorizationRequest(at, webClient, { prompt: 'login' }).url);
  const fromBrowser = await agent.get(`${at.issuer}/oauth/userinfo`, { origin: 'https://web.example' });
  expect(fromBrowser.headers.get('access-control-allow-origin')).toBe('https://web.example');
  expect((await agent.get(`${at.issuer}/setup?token=sgu_${'a'.repeat(43)}`)).status).toBe(410);
  expect((await agent.get(`${at.issuer}/account`)).status).toBe(200);
  await revokeAccess(at, agent, 'spa');
  await revoke(at, webClient, web.tokens.refresh_token);
  await signOut(at, agent);
  await administer(at);
}

/** Everything that administrators do there, to people and clients that both tenants have. */
async function administer(at: Tenant): Promise<void> {
  const { deps } = signet.server;
  const tenant = (await tenantBySlug(deps, new URL(at.issuer).pathname.split('/').at(-1)!))!;
  const context = contextWithoutRequest(deps, tenant, deps.clock());
  const password = 'a password of fifteen';
  const sent = { key: 'once', of: '/users', body: {} };
  for (const location of ['/first', '/second'])
    expect(await idempotently(deps, context, sent, async () => ({ location }))).toEqual({ location: '/first' });
  await expect(
    idempotently(deps, context, { ...sent, key: 'never' }, () => Promise.reject(new Error('refused'))),
  ).rejects.toThrow('refused');
  const boss = await createUser(deps, context, {
    username: 'boss',
    email: 'boss@example.com',
    admin_roles: ['owner'],
    password,
  });
  expect((await listUsers(deps, context, { limit: 9 })).items).toHaveLength(3);
  expect((await listUsers(deps, context, { search: 'bos', limit: 9 })).items).toHaveLength(1);
  await setPassword(deps, context, boss.id, password);
  const agent = createAgent();
  const user = { username: 'boss', password };
  for (const browser of [agent, createAgent(), createAgent()])
    await submitPassword(browser, await browser.get(`${at.issuer}/sign-in`), user);
  const { items } = await listTenantSessions(deps, context, { user: 'boss', limit: 9 });
  expect(items.map(({ userId }) => userId)).toEqual([boss.id, boss.id, boss.id]);
  expect((await listTenantSessions(deps, context, { limit: 3 })).items).toEqual(items);
  await endNamedSession(deps, context, items[0]!.id);
  expect((await endSessionsOfUser(deps, context, 'boss')).sessions).toHaveLength(2);
  await expect(disableUser(deps, context, 'boss', { force: false })).rejects.toThrow('last owner');
  await disableUser(deps, context, 'boss', { force: true });
  await enableUser(deps, context, 'boss');
  await resetAdministrator(deps, context, 'boss', password);
  await administerProgram(at, context);
  await registerClient(deps, context, { client_id: 'new', redirect_uris: ['https://new.example/cb'] });
  expect((await listClients(deps, context, { after: 'm', limit: 1 })).items).toMatchObject([{ id: 'new' }]);
  await rotateClientSecret(deps, context, 'new');
  await deleteClient(asPatient(deps), context, 'new');
  const signs = {
    client_id: 'signs',
    token_endpoint_auth_method: 'client_secret_jwt',
    redirect_uris: ['https://a.example/cb'],
  };
  const { secret } = await registerClient(deps, context, signs);
  const asked = await postForm(`${at.issuer}/oauth/introspect`, {
    token: 'none',
    client_assertion: await assertionOf({ ...signet, issuer: at.issuer }, 'signs', { secret: secret! }),
    client_assertion_type: assertionType,
  });
  expect(asked).toEqual({ status: 200, body: { active: false } });
  await deleteClient(asPatient(deps), context, 'signs');
}

/** A program of the same name at both tenants. */
async function administerProgram(at: Tenant, context: RequestContext): Promise<void> {
  const { deps } = signet.server;
  const first = { name: 'first', expiresAt: undefined };
  const { key } = await createService(deps, context, { username: 'program' }, first);
  await addServiceKey(deps, context, 'program', { ...first, name: 'second' });
  expect((await logIn(at, { username: 'program', password: key! })).status).toBe(200);
  expect((await listServices(deps, context, { limit: 9 })).items).toMatchObject([{ keys: 2 }]);
  expect(await listServiceKeys(deps, context, 'program')).toHaveLength(2);
  await revokeServiceKey(deps, context, 'program', 'first');
  expect((await logIn(at, { username: 'program', password: key! })).status).toBe(401);
}

async function revoke(at: Tenant, client: TestClient, token: string): Promise<number> {
  const response = await fetch(`${at.issuer}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
    headers: { authorization: basic(client.client_id, client.client_secret!) },
  });
  return response.status;
}

/** Every row of a tenant with its version: an update that changes nothing shows as well. */
async function rowsOf(tenant: Tenant): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = {};
  for (const table of tenantTables) {
    // What is being sent changes by itself: by which process, and how often.
    const columns =
      table === 'outbox' ? `id::text AS version, sealed AS row` : `row.xmin::text AS version, row::text AS row`;
    const text = `SELECT ${columns} FROM ${table} row WHERE tenant_id = $1 ORDER BY row::text`;
    state[table] = await query(signet.database.url, text, [tenant.id]);
  }
  return state;
}

/** What looks at all tenants on purpose: removing what expired, finding whose keys are due, and which message is. */
function isForAllTenants({ text }: SentStatement): boolean {
  return (
    /WHERE ctid IN/.test(text) ||
    text.startsWith('UPDATE outbox SET attempts = attempts + 1') ||
    text.startsWith('select distinct "tenant_id" from "signing_keys" where "due_at"')
  );
}

/** The tables of tenants that a statement touches, as often as it does. */
function touched({ text }: SentStatement): string[] {
  const names = [...text.matchAll(/\b(?:from|join|into|update)\s+"?([a-z_]+)"?/gi)].map((match) => match[1]!);
  return names.filter((name) => tenantTables.includes(name));
}

test('every statement of a whole story names its tenant, and leaves the other tenant as it was', async () => {
  const before = await rowsOf(globex);
  sent.length = 0;
  await wholeStory(acme, alice.password);
  const about = sent.filter((statement) => touched(statement).length > 0 && !isForAllTenants(statement));
  expect([...new Set(about.flatMap(touched))].sort()).toEqual([...tenantTables].sort());
  for (const statement of about) {
    expect(statement.values, statement.text).toContain(acme.id);
    expect(statement.values, statement.text).not.toContain(globex.id);
    const conditions = statement.text.match(/tenant_id/g) ?? [];
    expect(conditions.length, statement.text).toBeGreaterThanOrEqual(touched(statement).length);
  }
  expect(await rowsOf(globex)).toEqual(before);
});

test('the other tenant tells the same story with its own password, and the first stays as it is', async () => {
  const before = await rowsOf(acme);
  await wholeStory(globex, globexPassword);
  expect(await rowsOf(acme)).toEqual(before);
});

describe('what one tenant gave out is nothing at the other', () => {
  let agent: Agent;
  let tokens: Awaited<ReturnType<typeof codeFlow>>['tokens'];
  beforeAll(async () => {
    agent = createAgent();
    ({ tokens } = await codeFlow(acme, webClient, { agent }));
  });

  test('a code: refused, and still good at home', async () => {
    const asked = authorizationRequest(acme, webClient);
    const code = (await authorizeInteractively(agent, asked)).get('code')!;
    expect((await exchangeCode(globex, webClient, asked, code)).body.error).toBe('invalid_grant');
    expect((await exchangeCode(acme, webClient, asked, code)).status).toBe(200);
  });

  test('a refresh token: refused, not revoked, and still good at home', async () => {
    expect((await refresh(globex, webClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
    expect(await revoke(globex, webClient, tokens.refresh_token)).toBe(200);
    expect((await refresh(acme, webClient, tokens.refresh_token)).status).toBe(200);
  });

  test('an access token and an ID token: refused', async () => {
    expect((await getUserinfo(globex, tokens.access_token)).status).toBe(401);
    const logout = await agent.get(`${globex.issuer}/oauth/logout?id_token_hint=${tokens.id_token}`);
    // A hint of another issuer proves nothing here: nobody is signed out, and sent nowhere.
    expect([logout.status, logout.location]).toEqual([200, undefined]);
    const hinted = authorizationRequest(globex, webClient, { id_token_hint: tokens.id_token });
    const answer = await agent.get(hinted.url);
    expect(answer.location).toContain('/sign-in?attempt=');
  });

  test('the cookies, under the names of the other: nobody is signed in', async () => {
    for (const [name, value] of agent.cookies) agent.cookies.set(name.replace('acme', 'globex'), value);
    expect((await agent.get(`${globex.issuer}/account`)).location).toBe(`${globex.issuer}/sign-in`);
    const silent = await agent.get(authorizationRequest(globex, webClient, { prompt: 'none' }).url);
    expect(new URL(silent.location!).searchParams.get('error')).toBe('login_required');
  });

  test('a sign-in begun at one: unknown at the other, with the same browser cookie', async () => {
    const browser = createAgent();
    const page = await browser.get(`${acme.issuer}/sign-in`);
    for (const [name, value] of browser.cookies) browser.cookies.set(name.replace('acme', 'globex'), value);
    const form = { attempt: field(page, 'attempt'), username: alice.username, password: globexPassword };
    const answer = await browser.post(`${globex.issuer}/sign-in`, form);
    expect([answer.status, answer.body.includes('attempt_unknown')]).toEqual([400, true]);
  });

  test('a password: wrong', async () => {
    const browser = createAgent();
    const page = await browser.get(`${globex.issuer}/sign-in`);
    expect((await submitPassword(browser, page, alice)).status).toBe(403);
  });
});
