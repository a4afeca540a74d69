// docs/command-line.md: every command in it is typed, in its order, and does what is shown.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Checkout, openCheckout } from '../docs/checkout.ts';
import { followFences } from '../docs/follow.ts';
import { fencesOf } from '../docs/markdown.ts';
import { createAgent } from '../support/agent.ts';
import { submitPassword } from '../support/flow.ts';
import { root } from '../support/signet-process.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

const path = 'docs/command-line.md';

let checkout: Checkout;
beforeAll(async () => {
  checkout = await openCheckout();
  await checkout.terminal.type(`export NODE_COMPILE_CACHE='${join(root, '.test', 'compiled')}'`);
});
afterAll(() => checkout?.close());

test('every command does what is shown; sessions are of somebody who has signed in', async () => {
  const fences = fencesOf(await readFile(join(root, path), 'utf8'));
  const sessions = fences.findIndex(({ text }) => text.startsWith('signet session list'));
  const before = await followFences(checkout, fences.slice(0, sessions), path);
  const agent = createAgent();
  const ada = { username: 'ada', password: 'a bridge over the quiet river' };
  expect((await submitPassword(agent, await agent.get(`${checkout.base}/sign-in`), ada)).status).toBe(303);
  const after = await followFences(checkout, fences.slice(sessions), path);
  expect(before.acts + after.acts).toBeGreaterThan(17);
  // What was written with `>` would otherwise be for everybody on the machine.
  const modes = await checkout.terminal.type('ls -l password.txt shop-secret.txt new-key.txt | cut -c1-10');
  expect(modes.trim().split('\n')).toEqual(Array(3).fill('-rw-------'));
});
