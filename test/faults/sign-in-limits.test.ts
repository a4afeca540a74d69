// The limiter of passwords under parallel guesses: what is evaluated, who waits, and who is not locked out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, type Answer, createAgent } from '../support/agent.ts';
import { countHashes, type HashCount } from '../support/counted-hasher.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const names = ['parallel', 'both', 'known', 'waits', 'forgets', 'clears'] as const;
type Name = (typeof names)[number];
const passwordOf = (name: string) => `the right one of ${name}`;
const free = 5;

let signet: TestSignet;
let other: TestSignet;
let hashes: HashCount;
let otherHashes: HashCount;
beforeAll(async () => {
  const config = { trustProxy: ['127.0.0.1', '::1'] };
  const users = names.map((username) => ({ username, password: passwordOf(username) }));
  signet = await startSignet({ config, provision: { users } });
  other = await startSignet({ config, beside: signet });
  [hashes, otherHashes] = [countHashes(signet), countHashes(other)];
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

let visitors = 0;
/** Every visitor comes from another network, so that only the account's own budget counts. */
async function signIn(username: string, password: string, agent: Agent = createAgent(), at = signet): Promise<Answer> {
  visitors += 1;
  const from = { 'x-forwarded-for': `198.51.${visitors >> 8}.${visitors & 255}` };
  const page = await agent.get(`${at.server.url}/sign-in`);
  const attempt = /name="attempt"[^>]*value="([^"]+)"/.exec(page.body)?.[1] ?? '';
  return agent.post(`${at.server.url}/sign-in`, { attempt, username, password }, { ...from, origin: signet.issuer });
}

function guesses(count: number, username: string, processes = [signet]): Promise<Answer[]> {
  const guess = (i: number) => signIn(username, `guess ${i}`, createAgent(), processes[i % processes.length]);
  return Promise.all(Array.from({ length: count }, (_, i) => guess(i)));
}

async function exhaust(name: Name): Promise<void> {
  for (let i = 0; i < free; i += 1) expect((await signIn(name, 'wrong')).status).toBe(403);
}

describe('fifty wrong passwords at once', () => {
  test.each(['parallel', 'nobody-of-this-name'])(
    'for %s: the budget is evaluated, the others are told to wait',
    async (name) => {
      const before = hashes.verified;
      const answers = await guesses(50, name);
      expect(hashes.verified - before).toBe(free);
      expect(answers.filter(({ status }) => status === 403)).toHaveLength(free);
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused).toHaveLength(50 - free);
      for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1');
      expect((await signIn(name, passwordOf(name))).status).toBe(429);
    },
  );

  test('over two processes: one budget', async () => {
    const before = hashes.verified + otherHashes.verified;
    const answers = await guesses(50, 'both', [signet, other]);
    expect(hashes.verified + otherHashes.verified - before).toBe(free);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(50 - free);
  });
});

test('strangers use up their budget: a browser that the account knows still gets in, strangers do not', async () => {
  const agent = createAgent();
  expect((await signIn('known', passwordOf('known'), agent)).status).toBe(303);
  for (const name of agent.cookies.keys()) if (name.includes('-session-')) agent.cookies.delete(name);
  await exhaust('known');
  expect((await signIn('known', passwordOf('known'))).status).toBe(429);
  expect((await signIn('known', passwordOf('known'), agent)).status).toBe(303);
});

test('a known browser has a budget as well, and using it up locks nobody else out', async () => {
  const agent = createAgent();
  expect((await signIn('known', passwordOf('known'), await forgetful(agent))).status).toBe(303);
  for (const name of agent.cookies.keys()) if (name.includes('-session-')) agent.cookies.delete(name);
  const tries = [];
  for (let i = 0; i <= free; i += 1) tries.push((await signIn('known', 'wrong', agent)).status);
  expect(tries).toEqual([403, 403, 403, 403, 403, 429]);
  expect((await signIn('known', passwordOf('known'))).status).toBe(303);
});

/** Lets the waits that earlier tests left behind go by. */
async function forgetful(agent: Agent): Promise<Agent> {
  signet.clock.advance(24 * 3600);
  return agent;
}

test('Retry-After says when: one second earlier is refused and not counted, then one attempt, then twice as long', async () => {
  await exhaust('waits');
  for (const wait of [1, 2, 4, 8, 16]) {
    const refused = await signIn('waits', passwordOf('waits'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, String(wait)]);
    signet.clock.advance(wait - 1);
    expect((await signIn('waits', 'wrong')).status).toBe(429);
    signet.clock.advance(1);
    const before = hashes.verified;
    const statuses = (await guesses(10, 'waits')).map(({ status }) => status);
    expect([hashes.verified - before, statuses.filter((status) => status === 403).length]).toEqual([1, 1]);
  }
});

test('a day without an attempt, and all is forgotten', async () => {
  await exhaust('forgets');
  signet.clock.advance(24 * 3600);
  await exhaust('forgets');
});

test('the right password begins a new count', async () => {
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < free - 1; i += 1) expect((await signIn('clears', 'wrong')).status).toBe(403);
    expect((await signIn('clears', passwordOf('clears'))).status).toBe(303);
  }
});
