// Idempotency-Key: what is sent twice is made once, and whoever sends something else under the same key is told.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { administer, elsewhere, programs, programToken, tokenOf } from '../support/admin.ts';
import { query } from '../support/database.ts';
import { world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let token: string;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: programs });
  token = await programToken(signet, 'owner');
});
afterAll(() => signet.stop());

const machine = { grant_types: ['client_credentials'], response_types: [], scope: 'orders:read' };
const register = (key: string, body: object = machine, at: TestSignet = signet, as = token) =>
  administer(at, as, 'POST', '/clients', body, { 'idempotency-key': key });
const clients = async () =>
  (await query<{ count: number }>(signet.database.url, 'SELECT count(*)::int AS count FROM clients'))[0]!.count;

test('the same again within ten minutes, on any process: the same reply with its secret, and one client', async () => {
  const other = elsewhere(await startSignet({ beside: signet }));
  try {
    const before = await clients();
    const first = await register('key-1');
    expect(first.status, first.text).toBe(201);
    for (const at of [signet, other]) {
      const again = await register('key-1', machine, at);
      expect([again.status, again.text, again.etag]).toEqual([201, first.text, first.etag]);
      expect(again.headers.get('location')).toBe(first.headers.get('location'));
    }
    expect(await clients()).toBe(before + 1);
    const [row] = await query<{ reply: string }>(signet.database.url, 'SELECT reply FROM idempotent_requests');
    expect(row!.reply).not.toContain(first.body.client_secret);
  } finally {
    await other.stop();
  }
});

test('twenty at once: one is made; the others get its reply or are told to wait', async () => {
  const before = await clients();
  const answers = await Promise.all(Array.from({ length: 20 }, () => register('key-race')));
  const made = answers.filter(({ status }) => status === 201);
  expect(new Set(made.map(({ body }) => body.client_id)).size).toBe(1);
  for (const { status, body, headers } of answers.filter((one) => one.status !== 201))
    expect([status, body.code, headers.get('retry-after')]).toEqual([409, 'conflict', '1']);
  expect(await clients()).toBe(before + 1);
});

test('later: 409 with where it is', async () => {
  const first = await register('key-late');
  signet.clock.advance(601);
  token = await programToken(signet, 'owner');
  const late = await register('key-late');
  expect([late.status, late.body.code]).toEqual([409, 'exists']);
  expect(late.body.detail).toContain(`/clients/${first.body.client_id}`);
});

test('another body: 422; another actor, another address, another key: another request', async () => {
  expect((await register('key-2')).status).toBe(201);
  const changed = await register('key-2', { ...machine, client_name: 'Other' });
  expect([changed.status, changed.body.code]).toEqual([422, 'invalid_input']);
  const administrator = await programToken(signet, 'administrator');
  const other = await register('key-2', machine, signet, administrator);
  expect(other.status).toBe(201);
  expect(other.body.client_id).not.toBe((await register('key-2')).body.client_id);
  const user = await administer(signet, token, 'POST', '/users', { username: 'keyed' }, { 'idempotency-key': 'key-2' });
  expect(user.status).toBe(201);
});

test('what was refused may be sent again, mended or not', async () => {
  expect((await register('key-3', { ...machine, colour: 'red' })).status).toBe(422);
  expect((await register('key-3')).status).toBe(201);
});

test('whose right was taken away since gets no reply either', async () => {
  const client = { ...programs[0]!, client_id: 'short-lived' };
  await signet.provision({ clients: [client] });
  const as = await tokenOf(signet, client);
  expect((await register('key-4', machine, signet, as)).status).toBe(201);
  await signet.provision({ clients: [{ ...client, admin_roles: ['auditor'] }] });
  expect((await register('key-4', machine, signet, as)).status).toBe(403);
  await signet.provision({ clients: [{ ...client, admin_roles: ['administrator'] }] });
  const told = await register('key-4', machine, signet, as);
  expect([told.status, told.body.code]).toEqual([409, 'exists']);
  expect(told.text).not.toContain('client_secret');
});

test('what is gone is not told of again', async () => {
  const entry = { username: 'forgotten', name: 'Real Name' };
  const send = () => administer(signet, token, 'POST', '/users', entry, { 'idempotency-key': 'key-6' });
  const first = await send();
  expect(first.status).toBe(201);
  const path = `/users/${first.body.id}`;
  expect((await administer(signet, token, 'DELETE', path, undefined, { 'if-match': '*' })).status).toBe(204);
  const again = await send();
  expect([again.status, again.body.id === first.body.id]).toEqual([201, false]);
});

test('one that was interrupted: 409, and says to look', async () => {
  expect((await register('key-5')).status).toBe(201);
  await query(
    signet.database.url,
    `UPDATE idempotent_requests SET reply = NULL WHERE began_at = (SELECT max(began_at) FROM idempotent_requests)`,
  );
  signet.clock.advance(61);
  const again = await register('key-5');
  expect([again.status, again.body.detail]).toEqual([409, expect.stringContaining('interrupted')]);
});

test.each(['', 'a b', 'é', 'x'.repeat(256)])('a key that is none (%j): 422 or as if there were none', async (key) => {
  const headers = { 'idempotency-key': encodeURI(key) === key ? key : 'a b' };
  const answer = await administer(signet, token, 'POST', '/clients', machine, headers);
  expect(answer.status).toBe(422);
});
