// docs/admin-api.md: every command in it is typed, in its order, and does what is shown.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { builtInAdminRoles } from '../../src/domain/admin-rights.ts';
import { type Checkout, openCheckout } from './checkout.ts';
import { followFences } from './follow.ts';
import { fencesOf, sectionOf, tableOf } from './markdown.ts';
import { read } from './project.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const path = 'docs/admin-api.md';

let checkout: Checkout;
beforeAll(async () => {
  checkout = await openCheckout();
});
afterAll(() => checkout?.close());

test('every command does what is shown', async () => {
  const fences = fencesOf(await read(path));
  const commands = fences.filter(({ language }) => language === 'sh');
  // Here is what the notes say runs them.
  const { acts } = await followFences(
    checkout,
    fences.map((fence) => ({ ...fence, notes: [] })),
    path,
  );
  expect(acts).toBe(commands.length);
  const modes = await checkout.terminal.type('ls -l ops.json auth sync.json | cut -c1-10');
  expect(modes.trim().split('\n')).toEqual(Array(3).fill('-rw-------'));
});

test('the roles are those that every tenant has', async () => {
  const [, ...rows] = tableOf(sectionOf(await read(path), 'Roles'));
  expect(rows.map(([name]) => name)).toEqual(Object.keys(builtInAdminRoles).map((name) => `\`${name}\``));
});
