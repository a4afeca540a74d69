// /admin/api/service-accounts: programs that sign in with keys; made, changed, deleted, and their keys.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { administer, programs, programToken, whatever } from '../support/admin.ts';
import { world } from '../support/flow.ts';
import { logIn } from '../support/first-party.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let token: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: programs });
  token = await programToken(signet, 'administrator');
});
afterAll(() => signet.stop());

const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  administer(signet, token, method, `/service-accounts${path}`, body, headers);
const signIn = (username: string, password: string) => logIn(signet, { username, password });

test('made, given a key that lets it in, changed, disabled, deleted', async () => {
  const made = await ask('POST', '', { username: 'nightly', name: 'Nightly job', roles: ['reader'] });
  expect([made.status, made.body]).toEqual([
    201,
    {
      id: expect.any(String),
      username: 'nightly',
      name: 'Nightly job',
      roles: ['reader'],
      groups: [],
      disabled: false,
      updated_at: expect.any(String),
    },
  ]);
  const path = `/${made.body.id}`;
  const added = await ask('POST', `${path}/keys`, { name: 'first', expires_at: 'never' });
  expect([added.status, added.body]).toEqual([
    201,
    { name: 'first', expired: false, key: expect.stringMatching(/^sgk_/) },
  ]);
  const { key } = added.body;
  expect((await signIn('nightly', key)).status).toBe(200);
  const listed = await ask('GET', `${path}/keys`);
  expect(listed.body.items).toEqual([{ name: 'first', expired: false, last_used_at: expect.any(String) }]);
  expect(listed.text).not.toContain(key);
  const changed = await ask('PATCH', path, { roles: [], name: null }, { 'if-match': made.etag });
  expect(changed.body).toMatchObject({ roles: [], username: 'nightly' });
  expect(changed.body.name).toBeUndefined();
  expect((await ask('PATCH', path, { disabled: true }, { 'if-match': made.etag })).status).toBe(412);
  expect((await ask('PATCH', path, { disabled: true }, whatever)).status).toBe(200);
  expect((await signIn('nightly', key)).status).toBe(401);
  expect((await ask('PATCH', path, { disabled: false }, whatever)).status).toBe(200);
  expect((await signIn('nightly', key)).status).toBe(200);
  expect((await ask('DELETE', `${path}/keys/first`)).status).toBe(204);
  expect((await ask('DELETE', `${path}/keys/first`)).status).toBe(404);
  expect((await signIn('nightly', key)).status).toBe(401);
  expect((await ask('DELETE', path)).status).toBe(428);
  expect((await ask('DELETE', path, undefined, whatever)).status).toBe(204);
  expect((await ask('GET', path)).status).toBe(404);
});

test('found by name; people are not among them, nor they among people', async () => {
  const made = await ask('POST', '', { username: 'alpha-job' });
  expect((await ask('GET', '?search=ALPHA')).body.items).toHaveLength(1);
  expect((await ask('GET', '?search=alice')).body.items).toHaveLength(0);
  expect((await administer(signet, token, 'GET', `/users/${made.body.id}`)).status).toBe(404);
  const { id } = (await administer(signet, token, 'GET', '/users?search=alice')).body.items[0];
  for (const method of ['GET', 'PATCH', 'DELETE'])
    expect((await ask(method, `/${id}`, method === 'PATCH' ? {} : undefined, whatever)).status).toBe(404);
  expect((await ask('POST', `/${id}/keys`, { name: 'x' })).status).toBe(404);
});

test.each<[string, string, object, number]>([
  ['a name that is taken', '', { username: 'alice' }, 409],
  ['an e-mail address', '', { username: 'a@b.example' }, 422],
  ['admin roles', '', { username: 'boss', admin_roles: ['owner'] }, 422],
  ['keys beside it', '', { username: 'boss', keys: [] }, 422],
  ['no name', '', {}, 422],
])('%s: refused', async (_what, path, body, status) => {
  expect((await ask('POST', path, body)).status).toBe(status);
});

test.each<[string, object, number]>([
  ['a name twice', { name: 'taken' }, 409],
  ['a time that is past', { name: 'x', expires_at: '2020-01-01' }, 422],
  ['a time that is none', { name: 'x', expires_at: '2030-13-01' }, 422],
  ['a key of one’s own', { name: 'x', key: `sgk_${'a'.repeat(43)}` }, 422],
  ['no name', {}, 422],
])('a key with %s: refused', async (_what, body, status) => {
  const made = await ask('POST', '', { username: `keyed-${Math.random()}` });
  expect((await ask('POST', `/${made.body.id}/keys`, { name: 'taken' })).status).toBe(201);
  expect((await ask('POST', `/${made.body.id}/keys`, body)).status).toBe(status);
});
