// Races about an authorization code: it is spent once, and never after what it stands for has ended.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { expectDead } from '../support/families.ts';
import {
  type Asked,
  authorizationRequest,
  authorizeInteractively,
  exchangeCode,
  spaClient,
  type TestClient,
  webClient,
  world,
} from '../support/flow.ts';
import { type Gate, gateStatements, statements } from '../support/gate.ts';
import { revokeAccess, signOut } from '../support/endings.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const people = ['carol', 'dave', 'erin', 'frank'].map((username) => ({
  username,
  password: `${username} has a password`,
}));
const [carol, dave, erin, frank] = people as [Person, Person, Person, Person];
type Person = (typeof people)[number];

let signet: TestSignet;
let gate: Gate;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, users: [...world.users, ...people] } });
  gate = gateStatements(signet);
});
afterEach(() => gate.open());
afterAll(() => signet.stop());

async function freshCode(client: TestClient, user?: Person, agent = createAgent()): Promise<Asked & { code: string }> {
  const asked = authorizationRequest(signet, client);
  return { ...asked, code: (await authorizeInteractively(agent, asked, user)).get('code')! };
}

test.each([webClient, spaClient])(
  'twenty exchanges of one code of $client_id: at most one set of tokens, and it is dead',
  async (client) => {
    const asked = await freshCode(client);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => exchangeCode(signet, client, asked, asked.code)),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    for (const answer of answers) if (answer.status !== 200) expect(answer.body.error).toBe('invalid_grant');
    for (const { body } of won) await expectDead(signet, client, body);
    // Asked before any other test has made families for this client.
    const [left] = await query<{ alive: number; tokens: number }>(
      signet.database.url,
      `SELECT count(*) FILTER (WHERE g.revoked_at IS NULL)::int AS alive, count(t.hash)::int AS tokens
     FROM grants g LEFT JOIN refresh_tokens t ON t.grant_id = g.id WHERE g.client_id = $1`,
      [client.client_id],
    );
    expect(left).toEqual({ alive: 0, tokens: won.length });
  },
);

test('both have read the code before either spends it: the second is refused, and ends what the first got', async () => {
  const asked = await freshCode(webClient);
  const read = gate.hold('after', statements.readCode, 2);
  const spend = gate.hold('before', statements.spendCode, 2);
  const exchanges = [1, 2].map(() => exchangeCode(signet, webClient, asked, asked.code));
  await read.arrived;
  read.open();
  await spend.arrived;
  spend.pass();
  const first = await Promise.race(exchanges);
  expect(first.status).toBe(200);
  spend.open();
  const answers = await Promise.all(exchanges);
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 400]);
  await expectDead(signet, webClient, first.body);
});

test('a code is presented again while its exchange is not answered yet: the answer that comes is of a dead family', async () => {
  const asked = await freshCode(webClient);
  const spent = gate.hold('after', statements.spendCode);
  const first = exchangeCode(signet, webClient, asked, asked.code);
  await spent.arrived;
  expect((await exchangeCode(signet, webClient, asked, asked.code)).body.error).toBe('invalid_grant');
  spent.open();
  const { status, body } = await first;
  if (status === 200) await expectDead(signet, webClient, body);
});

test.each([
  { what: 'sign-out', user: carol, end: (agent) => signOut(signet, agent) },
  { what: 'disabling', user: dave, end: () => signet.provision({ users: [{ username: 'dave', disabled: true }] }) },
  {
    what: 'a new password',
    user: erin,
    end: () =>
      signet.provision({ users: [{ username: 'erin', password: 'another one, and longer', password_reset: true }] }),
  },
  { what: 'taken-back consent', user: frank, end: (agent) => revokeAccess(signet, agent, 'web') },
] satisfies { what: string; user: Person; end: (agent: ReturnType<typeof createAgent>) => Promise<unknown> }[])(
  '$what between reading the code and spending it: no tokens',
  async ({ user, end }) => {
    const agent = createAgent();
    const asked = await freshCode(webClient, user, agent);
    const read = gate.hold('after', statements.readCode);
    const exchange = exchangeCode(signet, webClient, asked, asked.code);
    await read.arrived;
    await end(agent);
    read.open();
    const { status, body } = await exchange;
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
  },
);
