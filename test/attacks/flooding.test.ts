// Floods of sign-ins: what is too large costs no hash, what is too many is told to come back, and the rest goes on (M103).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Agent, createAgent, field } from '../support/agent.ts';
import { countHashes, type HashCount } from '../support/counted-hasher.ts';
import {
  alice,
  authorizationRequest,
  basic,
  codeFlow,
  refresh,
  submitPassword,
  webClient,
  world,
} from '../support/flow.ts';
import { expectRefused } from '../support/refusal.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const queue = 8;
let signet: TestSignet;
let hashes: HashCount;
beforeAll(async () => {
  signet = await startSignet({
    provision: world,
    config: {
      // Each attacker has an address of its own, so that the limiter does not help.
      trustProxy: ['127.0.0.1', '::1'],
      passwordHash: { memoryKiB: 19_456, iterations: 2, parallelism: 1, concurrency: 2, queue },
    },
  });
  hashes = countHashes(signet);
});
afterAll(() => signet.stop());

async function openAttempt(agent: Agent) {
  const page = await agent.follow(await agent.get(authorizationRequest(signet, webClient).url), signet.issuer);
  return { page, attempt: field(page, 'attempt') };
}

/** `count` sign-ins at once, each for another name from another address. */
async function flood(count: number, password: string) {
  const agent = createAgent();
  const { attempt } = await openAttempt(agent);
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      agent.post(
        `${signet.issuer}/sign-in`,
        { attempt, username: `nobody-${i}`, password },
        { 'x-forwarded-for': `198.51.${i >> 8}.${i & 255}` },
      ),
    ),
  );
}

describe('M103 passwords that are too large', () => {
  test.each([
    { name: '1 MB', password: 'x'.repeat(1_000_000), status: 413 },
    { name: '60 kB', password: 'x'.repeat(60_000), status: 403 },
    { name: 'one byte more than 4 kB', password: 'x'.repeat(4097), status: 403 },
    { name: '4 kB in two-byte characters', password: 'é'.repeat(2049), status: 403 },
  ])('M103 $name, 50 at once: $status without a single hash', async ({ password, status }) => {
    const before = hashes.verified;
    for (const answer of await flood(50, password)) expectRefused(answer, status);
    expect(hashes.verified).toBe(before);
  });

  test('M103 a body without end is cut off, not collected', async () => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 16_384;
        if (sent > 50_000_000) controller.close();
        else controller.enqueue(new Uint8Array(16_384).fill(120));
      },
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' };
    const answer = await fetch(`${signet.issuer}/sign-in`, {
      method: 'POST',
      headers,
      body,
      duplex: 'half',
    }).then(
      ({ status }) => status,
      () => 'connection ended',
    );
    expect([413, 'connection ended']).toContain(answer);
    expect(sent).toBeLessThan(50_000_000);
  });
});

describe('M103 too many sign-ins at once', () => {
  test('M103 200 at once: what the queue does not hold gets 503 with Retry-After, and everything else goes on', async () => {
    const { tokens } = await codeFlow(signet, webClient);
    const started = hashes.verified;
    const flooding = flood(200, 'x'.repeat(4000));
    // While hashes are being computed, requests that need none are answered.
    const beside = await Promise.all([
      ...Array.from({ length: 10 }, () => createAgent().get(`${signet.issuer}/oauth/jwks`)),
      ...Array.from({ length: 10 }, () => createAgent().get(`${signet.issuer}/sign-in`)),
      ...Array.from({ length: 10 }, () => refresh(signet, webClient, tokens.refresh_token)),
    ]);
    expect(beside.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 200));

    const answers = await flooding;
    const of = (status: number) => answers.filter((answer) => answer.status === status);
    expect(of(403).length + of(503).length).toBe(200);
    expect(of(403).length).toBeGreaterThanOrEqual(queue);
    expect(of(503).length).toBeGreaterThan(0);
    for (const answer of of(503)) {
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(answer.body).toContain('id="login-error"');
      expect(answer.headers.getSetCookie().join()).not.toMatch(/-session-\d+=/);
    }
    expect(hashes.verified - started).toBe(of(403).length);

    // And afterwards the person gets in as before.
    const agent = createAgent();
    const { page } = await openAttempt(agent);
    expect((await submitPassword(agent, page, alice)).status).toBe(303);
  });

  test('M103 from one address: 429 with Retry-After before any hash, once its budget is gone', async () => {
    const agent = createAgent();
    const { attempt } = await openAttempt(agent);
    const before = hashes.verified;
    const from = { 'x-forwarded-for': '203.0.113.9' };
    const statuses: number[] = [];
    for (let batch = 0; batch < 26; batch += 1) {
      const answers = await Promise.all(
        Array.from({ length: 5 }, (_, i) =>
          agent.post(`${signet.issuer}/sign-in`, { attempt, username: `many-${batch}-${i}`, password: 'x' }, from),
        ),
      );
      for (const answer of answers) {
        statuses.push(answer.status);
        if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    }
    expect(statuses.filter((status) => status === 403)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(30);
    expect(hashes.verified - before).toBe(100);
  });

  test('M103 client secrets, known or not, never cost a password hash', async () => {
    const before = { ...hashes };
    for (const [id, secret] of [
      ['web', 'wrong'],
      ['nobody', 'wrong'],
      ['web', webClient.client_secret],
    ] as const) {
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' });
      await fetch(`${signet.issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic(id, secret) },
        body,
      });
    }
    expect(hashes).toEqual(before);
  });
});
