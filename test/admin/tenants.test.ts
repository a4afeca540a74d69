// /admin/api/tenants: for the owners of the default tenant, and nobody else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { administer, programs, programToken } from '../support/admin.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { clients: programs } });
});
afterAll(() => signet.stop());

test('made and found; its issuer answers at once; who made it is recorded', async () => {
  const owner = await programToken(signet, 'owner');
  const made = await administer(signet, owner, 'POST', '/tenants', { slug: 'acme', name: 'Acme' });
  const issuer = `${signet.issuer}/t/acme`;
  expect([made.status, made.body]).toEqual([201, { slug: 'acme', name: 'Acme', issuer }]);
  const read = await administer(signet, owner, 'GET', '/tenants/acme');
  expect([read.status, read.etag, read.body]).toEqual([200, made.etag, made.body]);
  expect((await fetch(`${issuer}/.well-known/openid-configuration`)).status).toBe(200);
  const slugs = (await administer(signet, owner, 'GET', '/tenants')).body.items.map(
    ({ slug }: { slug: string }) => slug,
  );
  expect(slugs).toEqual(['acme', 'default']);
  expect((await administer(signet, owner, 'POST', '/tenants', { slug: 'acme' })).status).toBe(409);
  expect(
    await query(
      signet.database.url,
      `SELECT actor_kind, actor_id FROM audit_events WHERE type = 'tenant.created' AND data->>'slug' = 'acme'`,
    ),
  ).toEqual([{ actor_kind: 'client', actor_id: 'program-owner' }]);
});

test.each<[string, object, string]>([
  ['no slug', {}, ''],
  ['a slug that cannot be one', { slug: 'A B' }, '/slug'],
  ['a host that is none', { slug: 'x', host: 'a b' }, '/host'],
  ['what there is not', { slug: 'x', colour: 'red' }, '/colour'],
])('%s: 422', async (_what, body, pointer) => {
  const refused = await administer(signet, await programToken(signet, 'owner'), 'POST', '/tenants', body);
  expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, pointer]);
});

test('nobody else: neither other roles nor the owners of another tenant', async () => {
  await signet.provision({ tenant: 'other', clients: programs });
  const other = { issuer: `${signet.issuer}/t/other` };
  for (const role of ['owner', 'administrator', 'auditor']) {
    const token = await programToken(other, role);
    expect((await administer(other, token, 'GET', '/tenants')).status, role).toBe(403);
    expect((await administer(other, token, 'POST', '/tenants', { slug: 'mine' })).status, role).toBe(403);
    expect((await administer(signet, token, 'GET', '/tenants')).status, role).toBe(401);
  }
  for (const role of ['administrator', 'auditor', 'user_manager'])
    expect((await administer(signet, await programToken(signet, role), 'GET', '/tenants')).status, role).toBe(403);
  expect((await administer(signet, await programToken(signet, 'owner'), 'GET', '/tenants/nowhere')).status).toBe(404);
});
