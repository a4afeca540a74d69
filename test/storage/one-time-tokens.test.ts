// One-time tokens: twenty who spend one, one winner; nothing for the late, another tenant, or the one that was replaced.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOneTimeTokenOpen, replaceOneTimeToken, spendOneTimeToken } from '../../src/storage/one-time-tokens.ts';
import { query } from '../support/database.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let tenants: string[];
beforeAll(async () => {
  signet = await startSignet();
  await signet.provision({ tenant: 'acme' });
  tenants = (await query<{ id: string }>(signet.database.url, 'SELECT id FROM tenants ORDER BY slug')).map(
    ({ id }) => id,
  );
});
afterAll(() => signet.stop());

const expiresAt = 1000;
async function made(): Promise<Buffer> {
  const hash = randomBytes(32);
  await replaceOneTimeToken(signet.server.deps.db, tenants[0]!, { kind: 'setup', hash, expiresAt }, 0);
  return hash;
}
const spend = (hash: Buffer, now = 0, tenant = tenants[0]!) =>
  spendOneTimeToken(signet.server.deps.db, tenant, 'setup', hash, now);
const isOpen = (hash: Buffer, now = 0) => isOneTimeTokenOpen(signet.server.deps.db, tenants[0]!, 'setup', hash, now);

test('twenty spend it at once: one wins, and it is closed', async () => {
  const hash = await made();
  expect(await isOpen(hash)).toBe(true);
  const won = await Promise.all(Array.from({ length: 20 }, () => spend(hash)));
  expect(won.filter(Boolean)).toHaveLength(1);
  expect([await isOpen(hash), await spend(hash)]).toEqual([false, false]);
});

test('until it expires, and not at that moment', async () => {
  const hash = await made();
  expect([await isOpen(hash, expiresAt - 1), await isOpen(hash, expiresAt)]).toEqual([true, false]);
  expect([await spend(hash, expiresAt), await spend(hash, expiresAt - 1)]).toEqual([false, true]);
});

test('only at its own tenant', async () => {
  const hash = await made();
  expect([await spend(hash, 0, tenants[1]), await spend(hash)]).toEqual([false, true]);
});

test('a new one of its kind voids the one before', async () => {
  const before = await made();
  const after = await made();
  expect([await spend(before), await spend(after)]).toEqual([false, true]);
});
