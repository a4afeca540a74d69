// Two processes on one database behind a load balancer: races are decided once, and restarting one after the other is not seen.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { type Balancer, startBalancer } from '../support/balancer.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { expectDead, familyOf, liveLeaves } from '../support/families.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  codeFlow,
  exchangeCode,
  getUserinfo,
  ownClient,
  refresh,
  spaClient,
  webClient,
  world,
  meaningOf,
} from '../support/flow.ts';
import { type SignetProcess, startProcess } from '../support/signet-process.ts';
import { freePort } from '../../src/testing/start.ts';

const restarts = 4;
/** Milliseconds between two requests: 50 a second. */
const pause = 20;

let files: string;
let database: TestDatabase;
let balancer: Balancer;
let issuer: string;
let environment: Record<string, string>;
const servers: { port: number; signet: SignetProcess }[] = [];

beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), 'signet-test-'));
  await writeFile(join(files, 'world.json'), JSON.stringify(world));
  database = await createDatabase();
  const ports = [await freePort(), await freePort()];
  const balanced = await freePort();
  issuer = `http://localhost:${balanced}`;
  environment = {
    PUBLIC_URL: issuer,
    HOST: 'localhost',
    DATABASE_URL: database.url,
    SECRET_KEY: randomBytes(32).toString('base64'),
    PROVISION: join(files, 'world.json'),
    TRUST_PROXY: '127.0.0.1,::1',
    DRAIN_SECONDS: '2',
    PASSWORD_HASH_MEMORY_KIB: '7168',
  };
  balancer = await startBalancer(balanced, ports);
  for (const port of ports) servers.push({ port, signet: await startProcess({ ...environment, PORT: String(port) }) });
  await Promise.all(ports.map((port) => balancer.sendsTo(port)));
});
afterAll(async () => {
  for (const { signet } of servers) signet.kill('SIGINT');
  for (const { signet } of servers) await signet.ended;
  await balancer.stop();
  await database.drop();
  await rm(files, { recursive: true, force: true });
});

/** `work` twenty times at once; both processes are asked. */
async function twenty<T>(work: () => Promise<T>): Promise<T[]> {
  const before = new Map(balancer.passedOn);
  const answers = await Promise.all(Array.from({ length: 20 }, work));
  for (const [port, count] of balancer.passedOn) expect(count - before.get(port)!).toBeGreaterThanOrEqual(9);
  return answers;
}

test('twenty exchanges of one code over both: at most one set of tokens, and it is dead', async () => {
  const asked = authorizationRequest({ issuer }, webClient);
  const code = (await authorizeInteractively(createAgent(), asked)).get('code')!;
  const answers = await twenty(() => exchangeCode({ issuer }, webClient, asked, code));
  const won = answers.filter(({ status }) => status === 200);
  expect(won.length).toBeLessThanOrEqual(1);
  for (const { body } of won) await expectDead({ issuer }, webClient, body);
});

test('twenty refreshes of a public client over both: one child, the same tokens from both', async () => {
  const { tokens } = await codeFlow({ issuer }, spaClient);
  const answers = await twenty(() => refresh({ issuer }, spaClient, tokens.refresh_token));
  for (const { status, body } of answers) {
    // Whoever is answered a moment later is told what is left.
    const whole = { ...meaningOf(body), expires_in: 900 };
    expect([status, whole]).toEqual([200, { ...meaningOf(answers[0]!.body), expires_in: 900 }]);
    expect(body.expires_in).toBeLessThanOrEqual(900);
  }
  expect(await familyOf(database.url, tokens.access_token)).toHaveLength(2);
  expect(await liveLeaves(database.url, tokens.access_token)).toBe(1);
});

test('twenty refreshes of a confidential client over both: all answered with the token they have', async () => {
  const { tokens } = await codeFlow({ issuer }, webClient);
  const answers = await twenty(() => refresh({ issuer }, webClient, tokens.refresh_token));
  for (const { status, body } of answers) expect([status, body.refresh_token]).toEqual([200, tokens.refresh_token]);
});

test(`${restarts} restarts, by turns, under 50 requests a second: no request fails`, { timeout: 180_000 }, async () => {
  const { tokens: spa } = await codeFlow({ issuer }, spaClient);
  const { tokens: web, agent } = await codeFlow({ issuer }, webClient);
  let rotating = Promise.resolve({ status: 200, token: spa.refresh_token });
  const kinds: (() => Promise<number>)[] = [
    async () => (await fetch(`${issuer}/oauth/jwks`)).status,
    async () => (await getUserinfo({ issuer }, web.access_token)).status,
    async () => (await refresh({ issuer }, webClient, web.refresh_token)).status,
    async () => {
      const answer = await agent.get(authorizationRequest({ issuer }, ownClient).url);
      return answer.status === 303 && answer.location?.includes('code=') ? 200 : answer.status;
    },
    async () => {
      rotating = rotating.then(async ({ token }) => {
        const { status, body } = await refresh({ issuer }, spaClient, token);
        return { status, token: body.refresh_token };
      });
      return (await rotating).status;
    },
  ];
  const answers: Promise<number | string>[] = [];
  const load = setInterval(() => {
    answers.push(
      kinds[answers.length % kinds.length]!().catch((error: Error) => `${error.message}: ${String(error.cause)}`),
    );
  }, pause);
  try {
    for (let i = 0; i < restarts; i += 1) {
      const server = servers[i % servers.length]!;
      server.signet.kill('SIGTERM');
      expect(await server.signet.ended).toMatchObject({ code: 0, signal: null });
      server.signet = await startProcess({ ...environment, PORT: String(server.port) });
      await balancer.sendsTo(server.port);
    }
  } finally {
    clearInterval(load);
  }
  const outcomes = await Promise.all(answers);
  expect(outcomes.length).toBeGreaterThan(100);
  expect(outcomes.filter((outcome) => outcome !== 200)).toEqual([]);
});
