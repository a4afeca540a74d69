// Races about a refresh token: at most one child, one reply for all who ask for the same, nothing after the family's end.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { revokeAccess, signOut } from '../support/endings.ts';
import { expectDead, familyOf, liveLeaves } from '../support/families.ts';
import {
  basic,
  claimsOf,
  codeFlow,
  getUserinfo,
  refresh,
  spaClient,
  type Tokens,
  webClient,
  world,
  meaningOf,
} from '../support/flow.ts';
import { type Gate, gateStatements, statements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

type Person = { username: string; password: string };
const people = Array.from({ length: 10 }, (_, i) => ({ username: `person-${i}`, password: `the password of ${i}` }));

let signet: TestSignet;
let gate: Gate;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, users: [...world.users, ...people] } });
  gate = gateStatements(signet);
});
afterEach(() => gate.open());
afterAll(() => signet.stop());

test('a request that is overtaken by its own retry and reads long after it: the same child, and the family lives', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const beside = await startSignet({ beside: signet });
  const read = gate.hold('before', statements.readRefreshToken);
  const first = refresh(signet, spaClient, tokens.refresh_token);
  await read.arrived;
  signet.clock.advance(60);
  const retry = await refresh({ issuer: beside.server.url }, spaClient, tokens.refresh_token);
  read.open();
  expect([retry.status, (await first).status]).toEqual([200, 200]);
  expect((await first).body.refresh_token).toBe(retry.body.refresh_token);
  expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
  await beside.stop();
});

test('twenty refreshes of one token of a public client: one child, the same tokens for all', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(signet, spaClient, tokens.refresh_token)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect(new Set(answers.map(({ body }) => JSON.stringify(meaningOf(body)))).size).toBe(1);
  expect(await familyOf(signet.database.url, tokens.access_token)).toEqual([
    { generation: 1, rotated: true, revoked: false },
    { generation: 2, rotated: false, revoked: false },
  ]);
  expect((await refresh(signet, spaClient, answers[0]!.body.refresh_token)).status).toBe(200);
});

test('twenty refreshes of one token of a confidential client without rotation: all answered, the token stays', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(signet, webClient, tokens.refresh_token)));
  for (const { status, body } of answers) expect([status, body.refresh_token]).toEqual([200, tokens.refresh_token]);
  expect(new Set(answers.map(({ body }) => body.access_token)).size).toBe(20);
  expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
});

test('both have read the token before either rotates it: one child, both get its tokens', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const read = gate.hold('after', statements.readRefreshToken, 2);
  const rotate = gate.hold('before', statements.useRefreshToken, 2);
  const refreshes = [1, 2].map(() => refresh(signet, spaClient, tokens.refresh_token));
  await read.arrived;
  read.open();
  await rotate.arrived;
  rotate.pass();
  const winner = await Promise.race(refreshes);
  rotate.open();
  const [one, other] = await Promise.all(refreshes);
  for (const answer of [one!, other!]) {
    expect(answer.status).toBe(200);
    expect(meaningOf(answer.body)).toEqual(meaningOf(winner.body));
  }
  expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
});

test('one asks for less than the other: the loser is refused, and the family lives on', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const rotate = gate.hold('before', statements.useRefreshToken, 2);
  const whole = refresh(signet, spaClient, tokens.refresh_token);
  const less = refresh(signet, spaClient, tokens.refresh_token, { scope: 'openid' });
  await rotate.arrived;
  rotate.open();
  const answers = await Promise.all([whole, less]);
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 400]);
  expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
});

describe('a repeat and the use of the child', () => {
  test('the repeat was read before the child is used: it gets the old reply, and no second branch', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    const read = gate.hold('after', statements.readRefreshToken);
    const repeat = refresh(signet, spaClient, tokens.refresh_token);
    await read.arrived;
    const grandchild = (await refresh(signet, spaClient, child.refresh_token)).body;
    read.open();
    expect(await repeat).toMatchObject({ status: 200, body: { refresh_token: child.refresh_token } });
    expect((await familyOf(signet.database.url, tokens.access_token)).length).toBe(3);
    expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
    expect((await getUserinfo(signet, grandchild.access_token)).status).toBe(200);
  });

  test('the repeat comes while the child is about to be used: the same reply, and the child works', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    const using = gate.hold('before', statements.useRefreshToken);
    const grandchild = refresh(signet, spaClient, child.refresh_token);
    await using.arrived;
    expect(meaningOf((await refresh(signet, spaClient, tokens.refresh_token)).body)).toEqual(meaningOf(child));
    using.open();
    expect((await grandchild).status).toBe(200);
    expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
  });

  test('the repeat comes when the child is used and its reply not sent: the family ends', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const child = (await refresh(signet, spaClient, tokens.refresh_token)).body;
    const used = gate.hold('after', statements.useRefreshToken);
    const grandchild = refresh(signet, spaClient, child.refresh_token);
    await used.arrived;
    expect((await refresh(signet, spaClient, tokens.refresh_token)).body.error).toBe('invalid_grant');
    used.open();
    await expectDead(signet, spaClient, (await grandchild).body);
  });
});

const endings: { what: string; end(user: Person, agent: Agent, tokens: Tokens): Promise<unknown> }[] = [
  { what: 'the family is revoked by its client', end: (_user, _agent, tokens) => revoke(tokens) },
  { what: 'the session is ended', end: (_user, agent) => signOut(signet, agent) },
  {
    what: 'the user is disabled',
    end: ({ username }) => signet.provision({ users: [{ username, disabled: true }] }),
  },
  {
    what: 'the password is changed',
    end: ({ username }) =>
      signet.provision({ users: [{ username, password: 'quite another one', password_reset: true }] }),
  },
  {
    what: 'the consent is taken back',
    end: (_user, agent, tokens) => revokeAccess(signet, agent, clientOf(tokens).client_id),
  },
];
const cases = [spaClient, webClient].flatMap((client, c) =>
  endings.map((ending, i) => ({ client, ...ending, user: people[c * endings.length + i]! })),
);

test.each(cases)('$client.client_id: $what between reading the token and using it: refused', async (row) => {
  const agent = createAgent();
  const { tokens } = await codeFlow(signet, row.client, { agent, user: row.user });
  const read = gate.hold('after', statements.readRefreshToken);
  const late = refresh(signet, row.client, tokens.refresh_token);
  await read.arrived;
  await row.end(row.user, agent, tokens);
  read.open();
  const { status, body } = await late;
  expect([status, body.error]).toEqual([400, 'invalid_grant']);
  expect((await familyOf(signet.database.url, tokens.access_token)).length).toBe(1);
  expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(0);
});

test('the offline family of a browser that signs out meanwhile lives on', async () => {
  const change = { scope: 'openid offline_access', prompt: 'consent' };
  const { tokens, agent } = await codeFlow(signet, spaClient, { change });
  const read = gate.hold('after', statements.readRefreshToken);
  const late = refresh(signet, spaClient, tokens.refresh_token);
  await read.arrived;
  await signOut(signet, agent);
  read.open();
  expect((await late).status).toBe(200);
  const [ended] = await query(signet.database.url, 'SELECT 1 FROM sessions WHERE id = $1 AND ended_at IS NOT NULL', [
    claimsOf(tokens.access_token)['sid'],
  ]);
  expect(ended).toBeDefined();
});

function clientOf({ access_token }: Tokens) {
  const id = claimsOf(access_token)['client_id'];
  return id === webClient.client_id ? webClient : spaClient;
}

async function revoke(tokens: Tokens): Promise<void> {
  const client = clientOf(tokens);
  const response = await fetch(`${signet.issuer}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token: tokens.refresh_token, ...(client === spaClient ? { client_id: 'spa' } : {}) }),
    headers: client === webClient ? { authorization: basic(webClient.client_id, webClient.client_secret) } : {},
  });
  expect(response.status).toBe(200);
}
