// Guessing client secrets: refused after fifty from one network, at no cost to right secrets, other networks and other clients.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SentStatement } from '../../src/storage/database.ts';
import { basic, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const free = 50;
const clients = ['guessed', 'elsewhere', 'beside', 'waits', 'back'].map((client_id) => ({ ...webClient, client_id }));

let signet: TestSignet;
const sent: SentStatement[] = [];
beforeAll(async () => {
  signet = await startSignet({
    provision: { users: world.users, clients },
    config: { trustProxy: ['127.0.0.1', '::1'] },
    observe: (statement) => sent.push(statement),
  });
});
afterAll(() => signet.stop());

const attacker = '198.51.100.7';

type Seen = { status: number; error: string | undefined; retryAfter: string | null };
async function ask(clientId: string, secret: string, from = attacker, endpoint = 'token'): Promise<Seen> {
  const response = await fetch(`${signet.issuer}/oauth/${endpoint}`, {
    method: 'POST',
    headers: { authorization: basic(clientId, secret), 'x-forwarded-for': from },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', token: 'x' }),
  });
  const text = await response.text();
  return {
    status: response.status,
    error: text === '' ? undefined : (JSON.parse(text) as { error: string }).error,
    retryAfter: response.headers.get('retry-after'),
  };
}
const right = (clientId: string, from = attacker, endpoint = 'token') =>
  ask(clientId, webClient.client_secret, from, endpoint);
/** The right secret was looked at: only then is the made-up refresh token refused. */
const passed = { status: 400, error: 'invalid_grant', retryAfter: null };

async function guess(clientId: string, count = free): Promise<number[]> {
  const statuses = [];
  for (let i = 0; i < count; i += 1) statuses.push((await ask(clientId, `guess ${i}`)).status);
  return statuses;
}

test('fifty are answered; from the next on 429 with Retry-After, at every endpoint, even for the right secret', async () => {
  expect(new Set(await guess('guessed'))).toEqual(new Set([401]));
  const refused = { status: 429, error: 'invalid_request', retryAfter: expect.stringMatching(/^\d+$/) as string };
  expect(await ask('guessed', 'one more')).toEqual(refused);
  expect(await right('guessed')).toEqual(refused);
  expect(await right('guessed', attacker, 'revoke')).toEqual(refused);
});

test('another network and another client go on', async () => {
  await guess('elsewhere');
  expect((await right('elsewhere')).status).toBe(429);
  expect(await right('elsewhere', '203.0.113.9')).toEqual(passed);
  expect(await right('beside')).toEqual(passed);
});

describe('the wait', () => {
  test('ends when it was said to, for one guess or for the right secret', async () => {
    await guess('waits');
    const { status, retryAfter } = await right('waits');
    expect(status).toBe(429);
    signet.clock.advance(Number(retryAfter));
    expect(await right('waits')).toEqual(passed);
    expect((await ask('waits', 'wrong again')).status).toBe(401);
    expect((await right('waits')).status).toBe(429);
    signet.clock.advance(60);
    expect(await right('waits')).toEqual(passed);
  });

  test('of a clock that was a year ahead is void when the clock is right again', async () => {
    signet.clock.advance(365 * 24 * 3600);
    await guess('back');
    expect((await right('back')).status).toBe(429);
    signet.clock.advance(-365 * 24 * 3600);
    expect(await right('back')).toEqual(passed);
  });
});

test('right secrets cost no statement more, before and after wrong ones; a wrong one is counted', async () => {
  const statementsFor = async (work: () => Promise<unknown>) => {
    sent.length = 0;
    await work();
    return sent.filter(({ text }) => !/\bchanges\b|pg_snapshot_xmin|\bleases\b/.test(text)).map(({ text }) => text);
  };
  await right('beside');
  const before = await statementsFor(() => right('beside'));
  expect(before.filter((text) => /limits/.test(text))).toEqual([]);
  const wrong = await statementsFor(() => ask('beside', 'wrong'));
  expect(wrong.filter((text) => /limits/.test(text))).toHaveLength(1);
  expect(await statementsFor(() => right('beside'))).toEqual(before);
});
