// Guessing client secrets: fifty answers for one network, however many come at once and wherever; at no cost to right secrets, other networks and other clients.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SentStatement } from '../../src/storage/database.ts';
import { assertionOf, assertionType, postForm } from '../support/assertions.ts';
import { basic, webClient, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const free = 50;
const clients = [
  'guessed',
  'elsewhere',
  'beside',
  'waits',
  'back',
  'burst',
  'lately',
  'rotated',
  'always',
  'timed',
  'twice',
].map((client_id) => ({
  ...webClient,
  client_id,
}));

const signing = { ...webClient, client_id: 'signing', token_endpoint_auth_method: 'client_secret_jwt' as const };

let signet: TestSignet;
const sent: SentStatement[] = [];
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      users: world.users,
      clients: [...clients, signing, { ...signing, client_id: 'mistaken' }],
    },
    config: { trustProxy: ['127.0.0.1', '::1'] },
    observe: (statement) => sent.push(statement),
  });
});
afterAll(() => signet.stop());

const attacker = '198.51.100.7';

type Seen = { status: number; error: string | undefined; retryAfter: string | null };
async function ask(
  clientId: string,
  secret: string,
  from = attacker,
  endpoint = 'token',
  at = signet.issuer,
): Promise<Seen> {
  const response = await fetch(`${at}/oauth/${endpoint}`, {
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
    expect((await ask('waits', 'wrong again')).status).toBe(429);
    signet.clock.advance(60);
    expect((await ask('waits', 'wrong again')).status).toBe(401);
    expect((await ask('waits', 'and again')).status).toBe(429);
  });

  test('of a clock that was a year ahead is void when the clock is right again', async () => {
    signet.clock.advance(365 * 24 * 3600);
    await guess('back');
    expect((await right('back')).status).toBe(429);
    signet.clock.advance(-365 * 24 * 3600);
    expect(await right('back')).toEqual(passed);
  });
});

test('three hundred at once, at two processes, the right one among them: fifty are answered, and the others do not learn', async () => {
  const other = await startSignet({ beside: signet, config: { trustProxy: ['127.0.0.1', '::1'] } });
  try {
    const at = [signet.issuer, other.server.url];
    const seen = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        ask('burst', i > 290 ? webClient.client_secret : `guess ${i}`, attacker, 'token', at[i % 2]),
      ),
    );
    const count = (status: number) => seen.filter((one) => one.status === status).length;
    // A right one gives its place back.
    expect(count(401)).toBeLessThanOrEqual(free);
    expect(count(401) + count(400)).toBeLessThanOrEqual(free + 9);
    expect(count(429)).toBe(300 - count(401) - count(400));
    expect((await ask('burst', 'one more', attacker, 'token', other.server.url)).status).toBe(429);
  } finally {
    await other.stop();
  }
});

describe('a secret that was right from this network in the last day', () => {
  test('is let in while others guess from there: at this process, at another, and at one that has just started', async () => {
    expect(await right('lately')).toEqual(passed);
    await guess('lately');
    expect((await ask('lately', 'one more')).status).toBe(429);
    expect(await right('lately')).toEqual(passed);
    const other = await startSignet({ beside: signet, config: { trustProxy: ['127.0.0.1', '::1'] } });
    try {
      expect((await ask('lately', 'x', attacker, 'token', other.server.url)).status).toBe(429);
      expect(await ask('lately', webClient.client_secret, attacker, 'token', other.server.url)).toEqual(passed);
    } finally {
      await other.stop();
    }
  });

  test('that is right all the time is remembered all the time', async () => {
    for (let hour = 0; hour < 30; hour += 1) {
      expect(await right('always')).toEqual(passed);
      signet.clock.advance(3600);
    }
    await guess('always');
    for (let minute = 0; minute < 5; minute += 1) {
      expect((await ask('always', 'one more')).status).not.toBe(400);
      expect(await right('always')).toEqual(passed);
      signet.clock.advance(60);
    }
  });

  test('a refusal costs the same whether it was right or wrong: its time tells nothing', async () => {
    await guess('timed');
    const costOf = async (secret: string) => {
      sent.length = 0;
      expect((await ask('timed', secret)).status).toBe(429);
      return sent.filter(({ text }) => /limits/.test(text)).map(({ text }) => text);
    };
    const wrong = await costOf('one more');
    expect([wrong.length, await costOf(webClient.client_secret)]).toEqual([1, wrong]);
  });

  test('not after a day, and not from elsewhere', async () => {
    signet.clock.advance(24 * 3600 + 1);
    await guess('lately');
    expect((await right('lately')).status).toBe(429);
    await guess('lately', free).catch(() => {});
    expect(await right('lately', '203.0.113.77')).toEqual(passed);
  });

  test('a secret that was replaced opens nothing, and the new one is not known yet', async () => {
    expect(await right('rotated')).toEqual(passed);
    const next = 'another-secret-that-has-32-characters-too';
    await signet.provision({ clients: [{ ...webClient, client_id: 'rotated', client_secret: next }] });
    await guess('rotated');
    expect((await right('rotated')).status).toBe(429);
    expect((await ask('rotated', next)).status).toBe(429);
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

test('two readings of one header are one guess', async () => {
  const wrong = `Basic ${Buffer.from('twice:a+guess%20that+is+read+both+ways').toString('base64')}`;
  const statuses = [];
  for (let i = 0; i <= free; i += 1)
    statuses.push((await fetch(`${signet.issuer}/oauth/token`, basicRequest(wrong))).status);
  expect(statuses).toEqual([...Array<number>(free).fill(401), 429]);
});

test('assertions by a guessed secret count as guesses', async () => {
  const statuses = [];
  for (let i = 0; i <= free; i += 1) {
    const client_assertion = await assertionOf(signet, 'signing', { secret: `a guess at the secret that it is ${i}` });
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_assertion };
    const { status } = await postForm(`${signet.issuer}/oauth/token`, {
      ...form,
      client_assertion_type: assertionType,
    });
    statuses.push(status);
  }
  expect(statuses).toEqual([...Array<number>(free).fill(400), 429]);
});

test('an assertion by the right secret with a wrong claim is no guess', async () => {
  const ask = async (claims: Record<string, unknown>) => {
    const { client_secret: secret } = webClient;
    const client_assertion = await assertionOf(signet, 'mistaken', { secret }, { claims });
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_assertion };
    return postForm(`${signet.issuer}/oauth/token`, { ...form, client_assertion_type: assertionType });
  };
  for (let i = 0; i <= free; i += 1) expect((await ask({ aud: `${signet.issuer}/oauth/token` })).status).toBe(400);
  expect((await ask({})).body).toMatchObject({ error: 'invalid_grant' });
});

function basicRequest(authorization: string): RequestInit {
  return {
    method: 'POST',
    headers: { authorization, 'x-forwarded-for': attacker },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
  };
}
