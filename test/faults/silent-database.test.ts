// A database that has gone silent: the connection stands, nothing comes back, and nobody waits without end.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cookieName } from '../support/cookies.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let proxy: PostgresProxy;
let distant: TestSignet;
beforeAll(async () => {
  signet = await startSignet();
  proxy = await startPostgresProxy(signet.database.url);
  distant = await startSignet({ beside: signet, config: { databaseUrl: proxy.url } });
});
afterAll(async () => {
  await proxy.close();
  await distant.stop();
  await signet.stop();
});

test('a look for changes goes silent: the next one takes another connection, and what others changed is known', async () => {
  const slug = 'seen-nevertheless';
  const discovery = async () =>
    (await fetch(`${distant.server.url}/t/${slug}/.well-known/openid-configuration`)).status;
  expect(await discovery()).toBe(404);
  await proxy.stopAt('unsent', /pg_snapshot_xmin/);
  await signet.provision({ tenant: slug });
  // Well before the silent one is given up, which takes six seconds.
  await expect.poll(discovery, { timeout: 4000 }).toBe(200);
  proxy.cut();
});

test('one connection goes silent in the middle of a request: that one gets 503, the others are served', async () => {
  const reached = proxy.stopAt('unsent', /sessions/);
  const headers = { cookie: `${cookieName(signet, 'session')}=sgs_${'A'.repeat(43)}` };
  const ask = () => fetch(`${distant.server.url}/sign-in`, { headers });
  const stuck = ask();
  await reached;
  expect((await ask()).status).toBe(200);
  const answer = await stuck;
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await ask()).status).toBe(200);
});
