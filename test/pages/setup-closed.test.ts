// The setup link and an administrator who is disabled: who disabled the only one did not open the setup to everybody.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { disableByForce } from '../support/last-administrator.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { pageError } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet();
});
afterAll(() => signet.stop());

test('the only administrator is disabled: the unused link stays closed, and the next start prints no other', async () => {
  const link = signet.server.setupUrl!;
  const open = () => createAgent().get(link);
  expect((await open()).status).toBe(200);
  const boss = { username: 'boss', password: 'a password for the boss', admin_roles: ['owner'] };
  await signet.provision({ users: [boss] });
  expect((await open()).status).toBe(410);
  await disableByForce(signet, 'boss');
  const page = await open();
  expect([page.status, pageError(page).code]).toEqual([410, 'setup_closed']);
  const form = { username: 'mallory', email: 'mallory@example.com', password: 'a password for mallory' };
  const token = new URL(link).searchParams.get('token')!;
  expect((await createAgent().post(`${signet.issuer}/setup`, { token, ...form })).status).toBe(410);
  const again = await startSignet({ beside: signet });
  expect(again.server.setupUrl).toBeUndefined();
  await again.stop();
});
