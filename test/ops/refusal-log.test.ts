// The log says why and who: refusals on pages and at the endpoints, factors that were not proven, and why nothing could be answered.
import { Writable } from 'node:stream';
import pino from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { logIn } from '../support/first-party.ts';
import { alice, authorizationRequest, submitPassword, tokenRequest, webClient, world } from '../support/flow.ts';
import { startPostgresProxy } from '../support/postgres-proxy.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask } from '../support/visits.ts';

type Line = Record<string, unknown>;
const lines: Line[] = [];
const stream = new Writable({
  write(chunk, _encoding, done) {
    lines.push(JSON.parse(String(chunk)) as Line);
    done();
  },
});
const log = pino({ level: 'info' }, stream);
let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world, log });
});
afterAll(() => signet.stop());
beforeEach(() => {
  lines.length = 0;
});

const secretText = 'typed-by-a-stranger';
const said = (msg: string) => lines.filter((line) => line['msg'] === msg);
const who = { reqId: expect.any(String), tenant: 'default', ip: '127.0.0.1' };

test.each<[string, () => Promise<unknown>, Line]>([
  [
    'a redirect URI that is not registered',
    () =>
      createAgent().get(
        authorizationRequest(signet, webClient, {
          redirect_uri: `https://user:${secretText}@evil.example/cb?key=${secretText}`,
        }).url,
      ),
    {
      code: 'invalid_request',
      description: 'redirect_uri is not one that this application has registered.',
      client: 'web',
      sent: 'https://evil.example/cb',
    },
  ],
  [
    'a client that nobody registered, shortened',
    () =>
      createAgent().get(
        authorizationRequest(signet, { client_id: `nobody${'y'.repeat(300)}${secretText}`, redirect_uris: [] }).url,
      ),
    { code: 'invalid_client', sent: `nobody${'y'.repeat(194)}` },
  ],
  [
    'a missing code challenge',
    () =>
      createAgent().get(authorizationRequest(signet, webClient, { code_challenge: undefined, state: secretText }).url),
    { code: 'invalid_request', client: 'web', redirect_uri: webClient.redirect_uris[0] },
  ],
  [
    'a form of another site',
    () => createAgent().post(`${signet.issuer}/sign-in`, { username: secretText }, { 'sec-fetch-site': 'cross-site' }),
    { code: 'cross_site' },
  ],
  [
    'a client secret',
    () =>
      tokenRequest(
        signet,
        { ...webClient, client_secret: secretText },
        { grant_type: 'refresh_token', refresh_token: 'x' },
      ),
    { code: 'invalid_client' },
  ],
])('refused: %s', async (_what, send, words) => {
  await send();
  expect(said('refused')).toMatchObject([{ ...who, ...words }]);
  expect(JSON.stringify(lines)).not.toContain(secretText);
});

test('each factor that was not proven, with the reason that the answer keeps to itself; also on a page', async () => {
  await signet.provision({
    users: [
      { username: 'gone', password: 'was here not long ago', disabled: true },
      { username: 'without', email: 'without@example.com' },
    ],
  });
  for (const username of [alice.username, 'nobody-at-all', 'gone', 'without'])
    await logIn(signet, { username, password: secretText });
  const agent = createAgent();
  await submitPassword(agent, await ask(signet, agent, webClient), { ...alice, password: secretText });
  expect(said('a factor was not proven').map(({ reason }) => reason)).toEqual([
    'wrong password',
    'unknown user',
    'disabled user',
    'no password',
    'wrong password',
  ]);
  expect(said('a factor was not proven')[0]).toMatchObject({ ...who, factor: 'password', userId: expect.any(String) });
  expect(said('refused').map(({ code }) => code)).toEqual(Array.from({ length: 5 }, () => 'wrong_credentials'));
  for (let nth = 0; nth < 6; nth += 1) await logIn(signet, { ...alice, password: secretText });
  expect(said('refused').at(-1)).toMatchObject({ ...who, code: 'too_many_attempts' });
  expect(JSON.stringify(lines)).not.toContain(secretText);
});

test('a database that is away: the cause of the 503, once a second, and how often it was not said', async () => {
  const proxy = await startPostgresProxy(signet.database.url);
  const distant = await startSignet({
    beside: signet,
    config: { databaseUrl: proxy.url },
    log: pino({ level: 'info' }, stream),
  });
  await proxy.close();
  const send = async () => (await logIn({ issuer: distant.server.url }, alice)).status;
  for (let nth = 0; nth < 5; nth += 1) expect(await send()).toBe(503);
  const first = said('could not be answered');
  expect(first).toMatchObject([{ reqId: expect.any(String), reason: expect.any(String), cause: expect.any(String) }]);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(await send()).toBe(503);
  expect(said('could not be answered').at(-1)).toMatchObject({ unsaid: expect.any(Number) });
  await distant.stop();
});

test('nobody signed in, told to a client that asked in silence: at the level debug only', async () => {
  const ask = () => createAgent().get(authorizationRequest(signet, webClient, { prompt: 'none' }).url);
  await ask();
  expect(said('refused')).toEqual([]);
  log.level = 'debug';
  await ask();
  log.level = 'info';
  expect(said('refused')).toMatchObject([
    { ...who, level: 20, code: 'login_required', client: 'web', redirect_uri: webClient.redirect_uris[0] },
  ]);
});
