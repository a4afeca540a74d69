// What commands ask of the database, from opening it to their result: counted on the wire.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { createUser } from '../../src/flows/users/save.ts';
import { commandLine, settingsOf } from '../support/command-line.ts';
import { query } from '../support/database.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

vi.setConfig({ testTimeout: 60_000 });

let signet: TestSignet;
let proxy: PostgresProxy;
beforeAll(async () => {
  signet = await startSignet();
  await signet.provision({ tenant: 'acme' });
  proxy = await startPostgresProxy(signet.database.url);
});
afterAll(async () => {
  await proxy.close();
  await signet.stop();
});

async function statementsOf(args: readonly string[], input?: string): Promise<readonly string[]> {
  const before = proxy.sent().length;
  const { code, output } = await commandLine({ ...settingsOf(signet), DATABASE_URL: proxy.url })(args, input);
  expect(code, output).toBe(0);
  return proxy.sent().slice(before);
}

test.each([
  ['user create', ['user', 'create', '--username', 'ada', '--email', 'ada@example.com', '--password-stdin']],
  ['client create', ['client', 'create', '--id', 'app', '--redirect-uri', 'https://app.example/cb']],
])('%s sends at most 6 statements, in any tenant', async (_what, args) => {
  for (const tenant of ['default', 'acme']) {
    const sent = await statementsOf([...args, '--tenant', tenant], 'a bridge over the quiet river');
    expect(sent.length, sent.join('\n')).toBeLessThanOrEqual(6);
    // The last one makes and records it, and is its own transaction.
    expect(sent.at(-1)).toMatch(/^WITH made AS/);
  }
});

test('two creations in one tenant do not wait for each other', async () => {
  const { deps } = signet.server;
  const context = contextWithoutRequest(deps, (await tenantBySlug(deps, 'default'))!, deps.clock());
  const password = 'a bridge over the quiet river';
  await deps.db.transaction(async (tx) => {
    await createUser({ ...deps, db: tx }, context, { username: 'slow', password });
    // Not committed yet.
    await createUser(deps, context, { username: 'quick', password });
  });
  const names = await query<{ username: string }>(signet.database.url, 'SELECT username FROM users ORDER BY username');
  expect(names.map(({ username }) => username)).toEqual(expect.arrayContaining(['quick', 'slow']));
});
