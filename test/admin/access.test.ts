// Who is let into the admin API: by which token, with which scopes and roles as they are now, and how they signed in.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminApiOf } from '../../src/domain/admin-api.ts';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { deleteClient } from '../../src/flows/clients/delete.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { operations } from '../../src/http/admin/operations.ts';
import {
  adminConsole,
  administer,
  administratorNamed,
  elsewhere,
  personToken,
  programs,
  programToken,
  tokenOf,
} from '../support/admin.ts';
import { alice, basic, claimsOf, codeFlow, tokenRequest, webClient, world } from '../support/flow.ts';
import { asPatient } from '../support/patient.ts';
import { enrol } from '../support/second-factors.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { rawRequest } from '../support/raw-request.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: [...programs, adminConsole] });
});
afterAll(() => signet.stop());

const list = (token: string | undefined) => administer(signet, token, 'GET', '/users');

describe('a program', () => {
  test('without scope gets all that its roles give, and nothing that they do not', async () => {
    const token = await programToken(signet, 'auditor');
    const claims = claimsOf(token);
    expect(claims['aud']).toBe(adminApiOf(signet.issuer));
    const scopes = String(claims['scope']).split(' ');
    expect(scopes).toContain('admin:users:read');
    expect(scopes.filter((scope) => !/^admin:[a-z-]+:read$/.test(scope) || scope.includes('tenants'))).toEqual([]);
    expect((await list(token)).status).toBe(200);
    const program = programs.find(({ client_id }) => client_id === 'program-auditor')!;
    const params = { grant_type: 'client_credentials', scope: 'admin:users:write' };
    expect((await tokenRequest(signet, program, params)).body.error).toBe('invalid_scope');
  });

  test('a role that is taken from it ends what its tokens allow at once, on every process', async () => {
    const other = elsewhere(await startSignet({ beside: signet }));
    try {
      const client = { ...programs[0]!, client_id: 'demoted' };
      await signet.provision({ clients: [client] });
      const token = await tokenOf(signet, client);
      expect([(await list(token)).status, (await administer(other, token, 'GET', '/users')).status]).toEqual([
        200, 200,
      ]);
      await signet.provision({ clients: [{ ...client, admin_roles: ['auditor'] }] });
      const make = (at: TestSignet) => administer(at, token, 'POST', '/users', { username: 'not-made' });
      expect([(await make(signet)).status, (await make(other)).status]).toEqual([403, 403]);
      await signet.provision({ clients: [{ ...client, disabled: true }] });
      expect([(await list(token)).status, (await administer(other, token, 'GET', '/users')).status]).toEqual([
        401, 401,
      ]);
      await signet.provision({ clients: [{ ...client, disabled: false }] });
      // It was revoked with the client, at APIs too, and does not come back.
      expect((await list(token)).status).toBe(401);
      const next = await tokenOf(signet, client);
      expect((await list(next)).status).toBe(200);
      const { deps } = signet.server;
      const context = contextWithoutRequest(
        { actor: 'operator' },
        (await tenantBySlug(deps, 'default'))!,
        deps.clock(),
      );
      await deleteClient(asPatient(deps), context, 'demoted');
      expect((await list(next)).status).toBe(401);
    } finally {
      await other.stop();
    }
  });

  test('one token that was given back is refused', async () => {
    const token = await programToken(signet, 'auditor');
    const { client_id, client_secret } = programs.find(({ admin_roles: [role] }) => role === 'auditor')!;
    const body = new URLSearchParams({ token, client_id, client_secret });
    const headers = { authorization: `Basic ${btoa(`${client_id}:${encodeURIComponent(client_secret)}`)}` };
    body.delete('client_id');
    body.delete('client_secret');
    expect((await fetch(`${signet.issuer}/oauth/revoke`, { method: 'POST', headers, body })).status).toBe(200);
    expect((await list(token)).status).toBe(401);
  });

  test('one scope is no more than itself, whatever the roles', async () => {
    const token = await programToken(signet, 'owner', 'admin:users:read');
    expect((await list(token)).status).toBe(200);
    const refused = await administer(signet, token, 'POST', '/users', { username: 'x' });
    expect([refused.status, refused.body.code]).toEqual([403, 'insufficient_scope']);
    expect(refused.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });

  test('a public client is given no admin roles, nor one that does not act for itself', async () => {
    for (const client of [
      { client_id: 'open', token_endpoint_auth_method: 'none' as const, redirect_uris: ['https://x.example/cb'] },
      { client_id: 'web2', client_secret: 'x'.repeat(40), redirect_uris: ['https://x.example/cb'] },
    ])
      await expect(signet.provision({ clients: [{ ...client, admin_roles: ['auditor'] }] })).rejects.toThrow(
        'grant_types must have client_credentials',
      );
    await expect(signet.provision({ clients: [{ ...programs[0]!, admin_roles: ['boss'] }] })).rejects.toThrow(
      'is no role here',
    );
  });
});

describe('a person', () => {
  test('with two factors and a role: what both the token and the roles allow', async () => {
    const { token } = await administratorNamed(signet, 'audrey', ['auditor']);
    expect((await list(token)).status).toBe(200);
    const refused = await administer(signet, token, 'POST', '/users', { username: 'x' });
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  });

  test('without roles, also with "admin" or "owner" among those for applications and among groups: nothing', async () => {
    const user = { username: 'nobody', password: 'the long password of nobody', roles: ['admin', 'owner'] };
    await signet.provision({ users: [{ ...user, groups: ['owner'], custom_claims: { 'x-admin': true } }] });
    const token = await personToken(signet, await enrol(signet, user));
    expect([(await list(token)).status, (await list(token)).body.code]).toEqual([403, 'forbidden']);
  });

  test('with one factor: refused, and told what is needed (RFC 9470)', async () => {
    const user = { username: 'single', password: 'the long password of single' };
    await signet.provision({
      users: [{ ...user, admin_roles: ['owner'] }],
      settings: { administrator_mfa: 'as_everybody' },
    });
    const { client_id, client_secret } = adminConsole;
    const login = await fetch(`${signet.issuer}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...user, client_id, client_secret, resource: adminApiOf(signet.issuer) }),
    });
    const { access_token: token } = (await login.json()) as { access_token: string };
    const refused = await list(token);
    expect([refused.status, refused.body.code]).toEqual([401, 'insufficient_user_authentication']);
    expect(refused.headers.get('www-authenticate')).toContain('acr_values="urn:signet:acr:2fa"');
    await signet.provision({ settings: { administrator_mfa: 'required' } });
  });

  test('whose role is taken away: signed out everywhere, and the token is refused', async () => {
    const { enrolled, token } = await administratorNamed(signet, 'former', ['user_manager']);
    expect((await list(token)).status).toBe(200);
    await signet.provision({ users: [{ username: 'former', admin_roles: [] }] });
    expect((await list(token)).status).toBe(401);
    expect((await list(await personToken(signet, enrolled))).status).toBe(403);
  });

  test('long after signing in: not for what is hard to undo, until they sign in again', async () => {
    const { enrolled, token } = await administratorNamed(signet, 'owen', ['owner']);
    const made = await administer(signet, token, 'POST', '/users', { username: 'leaver' });
    const path = `/users/${made.body.id}`;
    signet.clock.advance(601);
    const refused = await administer(signet, token, 'DELETE', path, undefined, { 'if-match': made.etag });
    expect([refused.status, refused.body.code]).toEqual([401, 'insufficient_user_authentication']);
    expect(refused.headers.get('www-authenticate')).toContain('max_age="600"');
    expect((await administer(signet, token, 'GET', path)).status).toBe(200);
    const fresh = await personToken(signet, enrolled);
    expect((await administer(signet, fresh, 'DELETE', path, undefined, { 'if-match': made.etag })).status).toBe(204);
  });
});

describe('what may not be waited out', () => {
  test('who was disabled while the body came does nothing with it', async () => {
    const { token } = await administratorNamed(signet, 'fired', ['owner']);
    const left = { username: 'other-owner', password: 'the long password of another', admin_roles: ['owner'] };
    await signet.provision({ users: [left] });
    const { hostname, port } = new URL(signet.issuer);
    const body = JSON.stringify({ username: 'backdoor', admin_roles: ['owner'] });
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        const head = ['POST /admin/api/users HTTP/1.1', `Host: ${hostname}:${port}`, `Authorization: Bearer ${token}`];
        const rest = ['Content-Type: application/json', `Content-Length: ${body.length}`, 'Connection: close'];
        socket.write([...head, ...rest, '', body.slice(0, 10)].join('\r\n'));
        setTimeout(() => {
          signet
            .provision({ users: [{ username: 'fired', disabled: true, admin_roles: [] }] })
            .then(() => socket.write(body.slice(10)))
            .catch(reject);
        }, 200);
      });
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('close', () => resolve(text)).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    const owner = await programToken(signet, 'owner');
    expect((await administer(signet, owner, 'GET', '/users?search=backdoor')).body.items).toEqual([]);
  });

  test('long after signing in, what lets somebody else act needs a new sign-in too: roles, passwords, addresses, secrets', async () => {
    const { token } = await administratorNamed(signet, 'stale', ['owner']);
    const ask = (method: string, path: string, body: object) =>
      administer(signet, token, method, path, body, { 'if-match': '*' });
    const { id } = (await ask('POST', '/users', { username: 'target', email: 'target@example.com' })).body;
    const plain = { token_endpoint_auth_method: 'none', redirect_uris: ['https://x.example/cb'] };
    expect((await ask('POST', '/clients', { ...plain, client_id: 'plain' })).status).toBe(201);
    signet.clock.advance(601);
    const machine = { grant_types: ['client_credentials'], response_types: [] };
    const answers = [
      await ask('POST', '/users', { username: 'x1', admin_roles: ['auditor'] }),
      await ask('POST', '/users', { username: 'x2', password: 'a bridge over the quiet river' }),
      await ask('PATCH', `/users/${id}`, { admin_roles: ['auditor'] }),
      await ask('PATCH', `/users/${id}`, { email: 'evil@example.com' }),
      await ask('PATCH', `/users/${id}`, { email_verified: true }),
      await ask('POST', '/clients', machine),
      await ask('POST', '/clients', { ...plain, scope: 'openid admin:users:read' }),
      await ask('PATCH', '/clients/plain', { first_party: true }),
      await ask('PATCH', '/clients/console', { redirect_uris: ['https://evil.example/cb'] }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [401, 'insufficient_user_authentication']),
    );
    for (const [method, path, body] of [
      ['POST', '/users', { username: 'x3' }],
      ['PATCH', `/users/${id}`, { name: 'Ordinary' }],
      ['PATCH', '/clients/plain', { client_name: 'Ordinary' }],
    ] as const)
      expect((await ask(method, path, body)).status, path).toBeLessThan(300);
  });

  test('a token for the admin API is for nobody else', async () => {
    await signet.provision({ resources: [{ identifier: 'https://orders.example', scopes: ['orders:read'] }] });
    const params = new URLSearchParams({ grant_type: 'client_credentials', resource: adminApiOf(signet.issuer) });
    params.append('resource', 'https://orders.example');
    const { client_id, client_secret } = programs[0]!;
    const response = await fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic(client_id, client_secret) },
      body: params,
    });
    expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([400, 'invalid_target']);
  });

  test('a client that is made again under its name takes none of the tokens of the former', async () => {
    const client = { ...programs[0]!, client_id: 'again' };
    await signet.provision({ clients: [client] });
    const token = await tokenOf(signet, client);
    const owner = await programToken(signet, 'owner');
    const whatever = { 'if-match': '*' };
    expect((await administer(signet, owner, 'DELETE', '/clients/again', undefined, whatever)).status).toBe(204);
    signet.clock.advance(2);
    await signet.provision({ clients: [{ ...client, client_secret: 'another secret of the same name, long enough' }] });
    expect((await list(token)).status).toBe(401);
  });
});

describe('everybody else', () => {
  test('a token for something else, of another tenant, of a client without such scopes: refused', async () => {
    await signet.provision({ tenant: 'other', clients: programs });
    const foreign = await programToken({ issuer: `${signet.issuer}/t/other` }, 'owner');
    const { tokens } = await codeFlow(signet, webClient, { user: alice });
    for (const token of [foreign, tokens.access_token, tokens.id_token, 'nonsense']) {
      const refused = await list(token);
      expect([refused.status, refused.body?.code]).toEqual([401, 'invalid_token']);
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer realm="/);
    }
  });

  test('M95 without credentials: 401 at every address there is and is not', async () => {
    const addresses = operations.map(({ method, path }) => [method, path.replaceAll(/\{\w+\}/g, 'x')] as const);
    for (const [method, path] of [...addresses, ['GET', ''], ['GET', '/nothing'], ['PUT', '/users']] as const) {
      const answer = await administer(signet, undefined, method, path);
      expect([answer.status, answer.body.code], `${method} ${path}`).toEqual([401, 'invalid_token']);
    }
  });

  test('M99 the address in disguise: 401 or 404, never an answer', async () => {
    for (const path of [
      '//admin/api/users',
      '/admin//api/users',
      '/admin/api//users',
      '/admin/api;x/users',
      '/%61dmin/api/users',
      '/admin/api/./users',
      '/admin/../admin/api/users',
      '/ADMIN/api/users',
      '/admin/API/users',
      '/admin%2fapi/users',
      '/admin/api%2fusers',
      '/admin/api/users/',
      '/admin/api/users%00',
      '/t/default/admin/api/users',
    ]) {
      const { status } = await rawRequest(signet.issuer, { path });
      expect([400, 401, 404], `${path}: ${status}`).toContain(status);
    }
  });

  test('with credentials, what there is not is 404, and another method 405', async () => {
    const token = await programToken(signet, 'auditor');
    expect((await administer(signet, token, 'GET', '/nothing')).status).toBe(404);
    const other = await administer(signet, token, 'PUT', '/users');
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });
});
