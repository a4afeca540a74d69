// /admin/api/roles, /settings and /resources: what a tenant is made of, changed as it was read.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminConsole, administer, elsewhere, programs, programToken, tokenOf, whatever } from '../support/admin.ts';
import { alice, codeFlow, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let owner: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
  owner = await programToken(signet, 'owner');
});
afterAll(() => signet.stop());

const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}, token = owner) =>
  administer(signet, token, method, path, body, headers);
const pointersOf = ({ body }: { body: { errors?: { pointer: string }[] } }) =>
  body.errors?.map(({ pointer }) => pointer);

describe('roles', () => {
  test('those that every tenant has, and its own; a program with one may do what it says, as it says now', async () => {
    const helpdesk = { name: 'helpdesk', description: 'Looks people up.', scopes: ['admin:users:read'] };
    const made = await ask('POST', '/roles', helpdesk);
    expect([made.status, made.body]).toEqual([201, { ...helpdesk, built_in: false }]);
    const listed = (await ask('GET', '/roles')).body.items.map(({ name }: { name: string }) => name);
    expect(listed).toEqual(['owner', 'administrator', 'user_manager', 'auditor', 'helpdesk']);
    const desk = { ...programs[0]!, client_id: 'desk', admin_roles: ['helpdesk'] };
    expect((await ask('POST', '/clients', { ...desk, client_secret: undefined })).status).toBe(201);
    const { body } = await ask('POST', '/clients/desk/secrets', {});
    const token = await tokenOf(signet, { client_id: 'desk', client_secret: body.client_secret });
    const as = (method: string, path: string, sent?: unknown) => ask(method, path, sent, {}, token);
    expect((await as('GET', '/users')).status).toBe(200);
    expect((await as('GET', '/clients')).status).toBe(403);
    const patch = { scopes: ['admin:users:write'] };
    expect((await ask('PATCH', '/roles/helpdesk', patch, { 'if-match': made.etag })).body.scopes).toEqual(patch.scopes);
    expect((await as('GET', '/users')).status).toBe(403);
    expect((await ask('PATCH', '/roles/helpdesk', patch, { 'if-match': made.etag })).status).toBe(412);
    expect((await ask('DELETE', '/roles/helpdesk')).status).toBe(428);
    const wide = await tokenOf(signet, { client_id: 'desk', client_secret: body.client_secret });
    expect((await ask('POST', '/users', { username: 'by-desk' }, {}, wide)).status).toBe(201);
    const held = await ask('DELETE', '/roles/helpdesk', undefined, whatever);
    expect([held.status, held.body.detail]).toEqual([409, expect.stringContaining('0 people and one client')]);
    expect((await ask('PATCH', '/clients/desk', { admin_roles: [] }, whatever)).status).toBe(200);
    expect((await ask('POST', '/users', { username: 'by-desk-2' }, {}, wide)).status).toBe(403);
    expect((await ask('DELETE', '/roles/helpdesk', undefined, whatever)).status).toBe(204);
    expect((await ask('GET', '/roles/helpdesk')).status).toBe(404);
  });

  test('nobody makes, widens, narrows or deletes a role that allows what they may not', async () => {
    const maker = { name: 'maker', scopes: ['admin:roles:write', 'admin:users:read'] };
    expect((await ask('POST', '/roles', maker)).status).toBe(201);
    expect((await ask('POST', '/roles', { name: 'strong', scopes: ['admin:settings:write'] })).status).toBe(201);
    await signet.provision({
      clients: [{ ...programs[0]!, client_id: 'role-maker', admin_roles: ['maker'] }],
    });
    const token = await tokenOf(signet, { ...programs[0]!, client_id: 'role-maker' });
    const as = (method: string, path: string, body?: unknown) => ask(method, path, body, whatever, token);
    expect((await as('POST', '/roles', { name: 'mine', scopes: ['admin:users:read'] })).status).toBe(201);
    const answers = [
      await as('POST', '/roles', { name: 'more', scopes: ['admin:users:write'] }),
      await as('PATCH', '/roles/mine', { scopes: ['admin:users:read', 'admin:clients:read'] }),
      await as('PATCH', '/roles/strong', { scopes: [] }),
      await as('DELETE', '/roles/strong'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect((await as('DELETE', '/roles/mine')).status).toBe(204);
  });

  test.each<[string, object, number]>([
    ['the name of one that every tenant has', { name: 'owner', scopes: [] }, 422],
    ['a name that cannot be one', { name: '__proto__', scopes: [] }, 422],
    ['a scope that there is not', { name: 'x', scopes: ['admin:everything:write'] }, 422],
    ['no scopes', { name: 'x' }, 422],
  ])('%s: refused', async (_what, body, status) => {
    expect((await ask('POST', '/roles', body)).status).toBe(status);
  });

  test('those that every tenant has cannot be changed; prototypes are no roles', async () => {
    expect((await ask('PATCH', '/roles/auditor', { scopes: [] }, whatever)).status).toBe(409);
    expect((await ask('DELETE', '/roles/owner', undefined, whatever)).status).toBe(409);
    for (const name of ['__proto__', 'constructor', 'toString'])
      for (const method of ['GET', 'DELETE'])
        expect((await ask(method, `/roles/${name}`, undefined, whatever)).status).toBe(404);
  });

  test('the default tenant alone has rights on tenants', async () => {
    await signet.provision({ tenant: 'small', clients: programs });
    const at = { issuer: `${signet.issuer}/t/small` };
    const token = await programToken(at, 'owner');
    const { body } = await administer(at, token, 'POST', '/roles', { name: 'x', scopes: ['admin:tenants:write'] });
    expect([body.status, body.code]).toEqual([403, 'forbidden']);
  });
});

describe('settings', () => {
  test('in force, changed by a merge patch, back to the default with null; at once on every process', async () => {
    const other = elsewhere(await startSignet({ beside: signet }));
    try {
      const before = await ask('GET', '/settings');
      expect(before.body).toMatchObject({ name: 'Signet', mfa: 'optional', session_lifetime: 2_592_000 });
      expect(before.body.admin_roles).toBeUndefined();
      const patch = { name: 'Acme', session_lifetime: 60, claim_scopes: { plan: { claims: ['plan'] } } };
      const changed = await ask('PATCH', '/settings', patch, { 'if-match': before.etag });
      expect([changed.status, changed.body]).toEqual([200, expect.objectContaining(patch)]);
      expect((await administer(other, owner, 'GET', '/settings')).text).toBe(changed.text);
      expect((await ask('PATCH', '/settings', { mfa: 'off' }, { 'if-match': before.etag })).status).toBe(412);
      expect((await ask('PATCH', '/settings', { mfa: 'off' })).status).toBe(428);
      const back = { session_lifetime: null, claim_scopes: { plan: null } };
      expect((await ask('PATCH', '/settings', back, whatever)).body).toMatchObject({
        session_lifetime: 2_592_000,
        claim_scopes: {},
      });
    } finally {
      await other.stop();
    }
  });

  test.each<[string, object, string]>([
    ['what there is not', { colour: 'red' }, '/colour'],
    ['roles, which have an address of their own', { admin_roles: {} }, '/admin_roles'],
    ['another kind', { mfa: 'sometimes' }, '/mfa'],
    ['no name', { name: null }, '/name'],
    ['a scope that every tenant knows', { claim_scopes: { email: { claims: ['x'] } } }, '/claim_scopes/email'],
    ['the slug', { slug: 'other' }, '/slug'],
    [
      'a scope of the admin API',
      { claim_scopes: { 'admin:users:write': { claims: ['x'] } } },
      '/claim_scopes/admin:users:write',
    ],
  ])('%s: 422', async (_what, patch, pointer) => {
    const refused = await ask('PATCH', '/settings', patch, whatever);
    expect([refused.status, pointersOf(refused)]).toEqual([422, [pointer]]);
  });

  test('tokens that nobody asked a resource for are not for the admin API: 422', async () => {
    const refused = await ask('PATCH', '/settings', { default_resource: `${signet.issuer}/admin/api` }, whatever);
    expect([refused.status, pointersOf(refused)]).toEqual([422, ['/default_resource']]);
  });

  test('roles stay when settings change', async () => {
    expect((await ask('POST', '/roles', { name: 'stays', scopes: [] })).status).toBe(201);
    expect((await ask('PATCH', '/settings', { mfa: 'optional' }, whatever)).status).toBe(200);
    expect((await ask('GET', '/roles/stays')).status).toBe(200);
  });
});

describe('resources', () => {
  const identifier = 'https://orders.example/v1';
  const path = `/resources/${encodeURIComponent(identifier)}`;

  test('made, shown, changed, deleted; tokens follow', async () => {
    const made = await ask('POST', '/resources', {
      identifier,
      scopes: ['orders:read', { name: 'orders:write', description: 'Change orders' }],
    });
    expect([made.status, made.body]).toEqual([
      201,
      { identifier, scopes: [{ name: 'orders:read' }, { name: 'orders:write', description: 'Change orders' }] },
    ]);
    expect(made.headers.get('location')).toBe(`${signet.issuer}/admin/api${path}`);
    expect((await ask('GET', path)).etag).toBe(made.etag);
    const client = { ...programs[0]!, client_id: 'orders-client', scope: 'orders:read', admin_roles: [] };
    await signet.provision({ clients: [client] });
    const changed = await ask(
      'PATCH',
      path,
      { access_token_lifetime: 60, scopes: ['orders:read'] },
      { 'if-match': made.etag },
    );
    expect(changed.body).toEqual({ identifier, scopes: [{ name: 'orders:read' }], access_token_lifetime: 60 });
    expect((await ask('PATCH', path, { access_token_lifetime: null }, { 'if-match': made.etag })).status).toBe(412);
    expect(
      (await ask('PATCH', path, { access_token_lifetime: null }, whatever)).body.access_token_lifetime,
    ).toBeUndefined();
    expect((await ask('GET', '/resources')).body.items).toHaveLength(1);
    expect((await ask('DELETE', path)).status).toBe(428);
    expect((await ask('DELETE', path, undefined, whatever)).status).toBe(204);
    expect((await ask('GET', path)).status).toBe(404);
    expect((await ask('PATCH', path, {}, whatever)).status).toBe(404);
  });

  test('an algorithm that nobody used before signs at once', async () => {
    const one = { identifier: 'https://eddsa.example', scopes: ['e'], access_token_signed_response_alg: 'EdDSA' };
    expect((await ask('POST', '/resources', one)).status).toBe(201);
    await signet.provision({ clients: [{ ...world.clients[0]!, scope: 'openid e' }] });
    const { tokens } = await codeFlow(signet, world.clients[0]!, {
      user: alice,
      change: { scope: 'e', resource: one.identifier },
    });
    expect(Buffer.from(tokens.access_token.split('.')[0]!, 'base64url').toString()).toContain('EdDSA');
  });

  test.each<[string, object, number]>([
    ['the admin API', { identifier: '/admin/api' }, 422],
    ['a scope of the admin API', { identifier: 'https://x.example', scopes: ['admin:users:read'] }, 422],
    ['no URI', { identifier: 'orders' }, 422],
    ['another spelling of one that is there', { identifier: 'https://eddsa.example/' }, 409],
  ])('%s: refused', async (_what, body, status) => {
    expect((await ask('POST', '/resources', body)).status).toBe(status);
  });

  test('the admin API itself, by its whole name: refused', async () => {
    for (const identifier of [
      `${signet.issuer}/admin/api`,
      `${signet.issuer}/admin/api/`,
      `${signet.issuer.replace('localhost', 'LOCALHOST')}/admin/api`,
    ]) {
      const refused = await ask('POST', '/resources', { identifier });
      expect([refused.status, pointersOf(refused)]).toEqual([422, ['/identifier']]);
    }
  });
});
