// The database does what it was told and its answer is lost: the server says 503, and asking again is safe.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { createDatabase, query, type TestDatabase } from '../support/database.ts';
import { liveLeaves } from '../support/families.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  codeFlow,
  exchangeCode,
  refresh,
  spaClient,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { statements } from '../support/gate.ts';
import { type Moment, type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let database: TestDatabase;
let proxy: PostgresProxy;
let signet: TestSignet;
beforeAll(async () => {
  database = await createDatabase();
  proxy = await startPostgresProxy(database.url);
  signet = await startSignet({ provision: world, config: { databaseUrl: proxy.url } });
});
afterEach(() => proxy.cut());
afterAll(async () => {
  await signet.stop();
  await proxy.close();
  await database.drop();
});

/** Does `work`, whose connection to the database breaks at the chosen statement. */
async function broken<T>(moment: Moment, matches: RegExp, work: () => Promise<T>): Promise<T> {
  const standing = proxy.stopAt(moment, matches);
  const working = work();
  await standing;
  proxy.cut();
  return working;
}

test.each(['unsent', 'unanswered'] as const)(
  'a refresh whose rotation stays %s: 503, then the tokens, one branch',
  async (moment) => {
    const { tokens } = await codeFlow(signet, spaClient);
    const lost = await broken(moment, statements.useRefreshToken, () =>
      refresh(signet, spaClient, tokens.refresh_token),
    );
    expect([lost.status, lost.headers.get('retry-after'), lost.body.access_token]).toEqual([503, '1', undefined]);
    const again = await refresh(signet, spaClient, tokens.refresh_token);
    expect(again.status).toBe(200);
    expect((await refresh(signet, spaClient, again.body.refresh_token)).status).toBe(200);
    expect(await liveLeaves(database.url, tokens.access_token)).toBe(1);
  },
);

test.each([
  { moment: 'unsent', expected: 200 },
  { moment: 'unanswered', expected: 400 },
] as const)(
  'an exchange whose spending stays $moment: 503, then $expected and never two sets',
  async ({ moment, expected }) => {
    const asked = authorizationRequest(signet, webClient);
    const code = (await authorizeInteractively(createAgent(), asked)).get('code')!;
    const lost = await broken(moment, statements.spendCode, () => exchangeCode(signet, webClient, asked, code));
    expect([lost.status, lost.body.access_token]).toEqual([503, undefined]);
    const again = await exchangeCode(signet, webClient, asked, code);
    expect(again.status).toBe(expected);
    const [alive] = await query(
      database.url,
      `SELECT count(*)::int AS n FROM refresh_tokens t JOIN grants g ON g.id = t.grant_id JOIN authorization_codes a ON a.grant_id = g.id
     WHERE g.revoked_at IS NULL AND a.code_challenge = $1`,
      [new URL(asked.url).searchParams.get('code_challenge')],
    );
    expect(alive).toEqual({ n: expected === 200 ? 1 : 0 });
  },
);

test('a sign-in whose commit stays unanswered: 503 and no cookie, and the person can try again', async () => {
  const agent = createAgent();
  const page = await agent.get(`${signet.issuer}/sign-in`);
  const alice = world.users[0]!;
  const lost = await broken('unanswered', /^COMMIT$/, () => submitPassword(agent, page, alice));
  expect(lost.status).toBe(503);
  expect([...agent.cookies.keys()].filter((name) => name.includes('-session-'))).toEqual([]);
  expect((await submitPassword(agent, page, alice)).status).toBe(303);
});
