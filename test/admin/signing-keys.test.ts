// /admin/api/signing-keys: listed, rotated by the schedule or at once, taken back.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { administer, elsewhere, programs, programToken, whatever } from '../support/admin.ts';
import { world } from '../support/flow.ts';
import { publishedKeys } from '../support/issued.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  await signet.provision({ clients: programs });
});
afterAll(() => signet.stop());

const as = async (role: string, method: string, path = '', body?: unknown, headers: Record<string, string> = {}) =>
  administer(signet, await programToken(signet, role), method, `/signing-keys${path}`, body, headers);
type Key = { readonly kid: string; readonly alg: string; readonly state: string };
const keys = async (): Promise<Key[]> => (await as('auditor', 'GET')).body.items;

test('rotated by the schedule: the next one is published, and a second rotation is under way already', async () => {
  const rotated = await as('owner', 'POST', '/rotate', { alg: 'ES256' });
  expect([rotated.status, rotated.body]).toEqual([
    200,
    { items: [{ kid: expect.any(String), alg: 'ES256', active_at: expect.any(String), retires: expect.any(String) }] },
  ]);
  expect((await keys()).find(({ kid }) => kid === rotated.body.items[0].kid)).toMatchObject({ state: 'next' });
  expect((await as('owner', 'POST', '/rotate', { alg: 'ES256' })).status).toBe(409);
});

test('at once: the new one signs; what the old one signed is good', async () => {
  const token = await programToken(signet, 'auditor');
  const { body } = await as('owner', 'POST', '/rotate', { alg: 'RS256', now: true });
  expect((await keys()).find(({ kid }) => kid === body.items[0].kid)).toMatchObject({ alg: 'RS256', state: 'active' });
  expect((await administer(signet, token, 'GET', '/signing-keys')).status).toBe(200);
});

test('taken back: gone from the key set, and its tokens are refused on every process', async () => {
  const other = elsewhere(await startSignet({ beside: signet }));
  try {
    const active = (await keys()).find(({ alg, state }) => alg === 'ES256' && state === 'active')!;
    const token = await programToken(signet, 'auditor');
    const { etag } = await as('auditor', 'GET', `/${active.kid}`);
    expect((await as('owner', 'DELETE', `/${active.kid}`)).status).toBe(428);
    expect((await as('owner', 'DELETE', `/${active.kid}`, undefined, { 'if-match': '"x"' })).status).toBe(412);
    expect((await as('owner', 'DELETE', `/${active.kid}`, undefined, { 'if-match': etag })).status).toBe(204);
    await expect.poll(async () => (await publishedKeys(other)).has(active.kid), { timeout: 5000 }).toBe(false);
    for (const at of [signet, other]) expect((await administer(at, token, 'GET', '/signing-keys')).status).toBe(401);
    expect((await as('owner', 'DELETE', `/${active.kid}`, undefined, whatever)).status).toBe(404);
  } finally {
    await other.stop();
  }
});

test('an administrator sees them, and changes none; mistakes are 422', async () => {
  const { kid } = (await keys())[0]!;
  expect((await as('administrator', 'GET')).status).toBe(200);
  const token = await programToken(signet, 'administrator');
  for (const [method, path] of [
    ['POST', '/signing-keys/rotate'],
    ['DELETE', `/signing-keys/${kid}`],
  ] as const)
    expect((await administer(signet, token, method, path, method === 'POST' ? {} : undefined, whatever)).status).toBe(
      403,
    );
  for (const body of [{ alg: 'none' }, { now: 'yes' }, { kid: 'x' }])
    expect((await as('owner', 'POST', '/rotate', body)).status).toBe(422);
});
