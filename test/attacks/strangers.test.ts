// What strangers ask for, at any speed, is stored nowhere until a factor is proven; where a row cannot be avoided, networks have budgets.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAgent, field } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { postJson } from '../support/first-party.ts';
import { alice, authorizationRequest, basic, ownClient, submitPassword, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { ask, outcomeOf, responseParams } from '../support/visits.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());
beforeEach(() => query(signet.database.url, 'DELETE FROM limits'));

/** Bytes of all rows of all tables. */
async function bytes(): Promise<number> {
  const tables = await query<{ name: string }>(
    signet.database.url,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'signet_migrations%'
       AND tablename NOT IN ('changes', 'leases', 'upkeep_rounds')`,
  );
  const sums = await Promise.all(
    tables.map(({ name }) =>
      query<{ sum: string | null }>(signet.database.url, `SELECT sum(pg_column_size(t.*)) AS sum FROM "${name}" t`),
    ),
  );
  return sums.reduce((all, [row]) => all + Number(row!.sum ?? 0), 0);
}

const large = () => {
  const filler = (length: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString('base64url');
  return {
    state: filler(1500),
    nonce: filler(500),
    login_hint: filler(500),
    ui_locales: 'en',
    acr_values: filler(500),
  };
};

describe('nothing is stored', () => {
  test.each<[string, () => Promise<{ status: number }>]>([
    ['an authorization request', () => createAgent().get(authorizationRequest(signet, webClient, large()).url)],
    [
      'one by POST from another site',
      () => {
        const asked = new URL(authorizationRequest(signet, webClient, large()).url).searchParams;
        return createAgent().post(`${signet.issuer}/oauth/authorize`, asked, { 'sec-fetch-site': 'cross-site' });
      },
    ],
    ['the sign-in page', () => createAgent().get(`${signet.issuer}/sign-in`)],
    ['a sign-out', () => createAgent().get(`${signet.issuer}/oauth/logout`)],
    [
      'a partial token of nobody',
      () => postJson(`${signet.issuer}/auth/mfa/verify`, { token: 'a.b.c', code: '000000' }),
    ],
    [
      'an unknown client at the token endpoint',
      () => postJson(`${signet.issuer}/oauth/token`, { grant_type: 'refresh_token' }),
    ],
  ])('%s, three hundred times', async (_what, request) => {
    const before = await bytes();
    for (let batch = 0; batch < 6; batch += 1) await Promise.all(Array.from({ length: 50 }, () => request()));
    expect(await bytes()).toBe(before);
  });

  test('the whole way of somebody who stays a stranger: page, reload, way back, cancel', async () => {
    const before = await bytes();
    const agent = createAgent();
    const page = await ask(signet, agent, webClient);
    await agent.get(page.url);
    await agent.get(`${signet.issuer}/oauth/authorize/continue?attempt=${field(page, 'attempt')}`);
    const { error } = responseParams(
      await agent.post(`${signet.issuer}/sign-in`, { attempt: field(page, 'attempt'), cancel: '1' }),
    );
    expect(error).toBe('access_denied');
    expect(await bytes()).toBe(before);
  });
});

test('an address stays below 8 kB, whatever is asked; more than fits is told to the client', async () => {
  const { location } = await createAgent().get(authorizationRequest(signet, webClient, large()).url);
  expect(location!.length).toBeLessThan(8000);
  const much = { ...large(), state: Buffer.from(crypto.getRandomValues(new Uint8Array(3000))).toString('base64url') };
  const more = {
    ...much,
    nonce: 'n'.repeat(1000),
    login_hint: Buffer.from(crypto.getRandomValues(new Uint8Array(740))).toString('base64url'),
    acr_values: Buffer.from(crypto.getRandomValues(new Uint8Array(740))).toString('base64url'),
    ui_locales: Buffer.from(crypto.getRandomValues(new Uint8Array(740))).toString('base64url'),
  };
  const answer = await createAgent().get(authorizationRequest(signet, webClient, more).url);
  expect(answer.location!.length).toBeLessThan(8000);
  expect(outcomeOf(answer)).toBe('invalid_request');
});

test('guesses and wrong secrets of one network, as fast as it can: below fifty megabytes an hour, and an honest visit gets through', async () => {
  const before = await bytes();
  for (let nth = 0; nth < 130; nth += 1) {
    await postJson(`${signet.issuer}/auth/login`, { username: `${'n'.repeat(200)}${nth}`, password: 'wrong' });
    await fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      headers: { authorization: basic('web', `wrong ${nth}`) },
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
    });
  }
  const first = (await bytes()) - before;
  // From here on the budgets of the network let one through now and then: an hour of it is less than the first burst was.
  for (let nth = 0; nth < 100; nth += 1)
    await postJson(`${signet.issuer}/auth/login`, { username: `${'m'.repeat(200)}${nth}`, password: 'wrong' });
  const after = (await bytes()) - before - first;
  expect(first).toBeLessThan(1_000_000);
  expect(after).toBeLessThan(first / 10);
  const agent = createAgent();
  const page = await ask(signet, agent, ownClient);
  expect(outcomeOf(page)).toBe('sign-in');
  await query(signet.database.url, `UPDATE limits SET next_at = to_timestamp(0) WHERE key LIKE '%address%'`);
  expect(outcomeOf(await agent.follow(await submitPassword(agent, page, alice), signet.issuer))).toBe('code');
});

test('a sealed attempt is its browser’s, its tenant’s, an hour old at most, and one row when a factor is proven', async () => {
  const agent = createAgent();
  const page = await ask(signet, agent, ownClient);
  const attempt = field(page, 'attempt');
  await signet.provision({ tenant: 'acme', users: [alice], clients: [ownClient] });
  const send = (to: string, by = agent) => by.post(`${to}/sign-in`, { attempt, ...alice });
  expect(outcomeOf(await send(`${signet.issuer}/t/acme`))).toBe('page attempt_unknown');
  const other = createAgent();
  await ask(signet, other, ownClient);
  expect(outcomeOf(await send(signet.issuer, other))).toBe('page attempt_unknown');
  const changed = attempt.slice(0, -2) + (attempt.endsWith('A') ? 'BB' : 'AA');
  expect(outcomeOf(await agent.post(`${signet.issuer}/sign-in`, { attempt: changed, ...alice }))).toBe(
    'page attempt_unknown',
  );
  expect(outcomeOf(await agent.follow(await send(signet.issuer), signet.issuer))).toBe('code');
  expect(outcomeOf(await send(signet.issuer))).toBe('page attempt_finished');
  const again = await agent.get(`${signet.issuer}/oauth/authorize/continue?attempt=${attempt}`);
  expect(outcomeOf(again)).toBe('page attempt_finished');
  const late = field(await ask(signet, other, ownClient), 'attempt');
  signet.clock.advance(3601);
  expect(outcomeOf(await other.post(`${signet.issuer}/sign-in`, { attempt: late, ...alice }))).toBe(
    'page attempt_unknown',
  );
});
