// Each metric moves when what it counts happens, and when nothing else does.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSigningAlgs } from '../../src/domain/client.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  alice,
  authorizationRequest,
  authorizeInteractively,
  basic,
  codeFlow,
  exchangeCode,
  refresh,
  spaClient,
  submitPassword,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { type MeasuredSignet, type Scraped, startMeasured } from '../support/metrics.ts';

let signet: MeasuredSignet;
beforeAll(async () => {
  signet = await startMeasured({
    provision: world,
    config: {
      trustProxy: ['127.0.0.1', '::1'],
      databasePoolSize: 3,
      // Dear enough that several are under way at once.
      passwordHash: { memoryKiB: 19_456, iterations: 2, parallelism: 1, concurrency: 1, queue: 2 },
    },
  });
});
afterAll(() => signet.stop());

/** How much a metric grew. The answers were there before the second scrape: hooks run a moment after that. */
async function growth(
  work: () => Promise<unknown>,
  expected: readonly [name: string, labels: Record<string, string>, by: number][],
): Promise<Scraped> {
  const before = await signet.scrape();
  await work();
  const grown = async () => {
    const after = await signet.scrape();
    return expected.map(([name, labels]) => after.value(name, labels) - before.value(name, labels));
  };
  await expect.poll(grown).toEqual(expected.map(([, , by]) => by));
  return signet.scrape();
}

async function signIn(user: { username: string; password: string }, ip = '198.51.100.1'): Promise<number> {
  const agent = createAgent();
  const page = await agent.get(`${signet.issuer}/sign-in`);
  const attempt = /name="attempt"[^>]*value="([^"]+)"/.exec(page.body)![1]!;
  return (await agent.post(`${signet.issuer}/sign-in`, { attempt, ...user }, { 'x-forwarded-for': ip })).status;
}

describe('requests', () => {
  test('are counted by route, method and status, and timed', async () => {
    const route = { route: '/oauth/jwks', method: 'GET' };
    const after = await growth(
      () => Promise.all(Array.from({ length: 5 }, () => fetch(`${signet.issuer}/oauth/jwks?a=${Math.random()}`))),
      [
        ['signet_http_requests_total', { ...route, status: '200' }, 5],
        ['signet_http_request_duration_seconds_count', route, 5],
        ['signet_http_request_duration_seconds_bucket', { ...route, le: '+Inf' }, 5],
      ],
    );
    expect(after.value('signet_http_request_duration_seconds_sum', route)).toBeGreaterThan(0);
  });

  test('that are refused are counted with what they were answered', () =>
    growth(async () => {
      await fetch(`${signet.issuer}/oauth/token`);
      await tokenRequest(signet, webClient, { grant_type: 'password' });
      await fetch(`${signet.issuer}/t/nobody/oauth/jwks`);
    }, [
      ['signet_http_requests_total', { route: '/oauth/token', method: 'GET', status: '405' }, 1],
      ['signet_http_requests_total', { route: '/oauth/token', method: 'POST', status: '400' }, 1],
      ['signet_http_requests_total', { route: '/t/:slug/oauth/jwks', method: 'GET', status: '404' }, 1],
    ]));
});

describe('sign-ins', () => {
  test('succeed, fail and time out apart', async () => {
    await growth(async () => {
      expect(await signIn(alice)).toBe(303);
      expect(await signIn({ ...alice, password: 'not this one' })).toBe(403);
      expect(await signIn({ username: 'nobody', password: 'nor this one' })).toBe(403);
      const unknown = { attempt: 'x'.repeat(24), ...alice };
      expect((await createAgent().post(`${signet.issuer}/sign-in`, unknown)).status).toBe(400);
    }, [
      ['signet_sign_ins_total', { method: 'password', outcome: 'success' }, 1],
      ['signet_sign_ins_total', { method: 'password', outcome: 'wrong_credentials' }, 2],
      ['signet_sign_ins_total', { method: 'password', outcome: 'attempt_unknown' }, 1],
    ]);
  });
});

describe('token requests', () => {
  test('are counted by grant and error code; a made-up grant is "other"', async () => {
    const agent = createAgent();
    const asked = authorizationRequest(signet, webClient);
    const code = (await authorizeInteractively(agent, asked)).get('code')!;
    await growth(async () => {
      const first = await exchangeCode(signet, webClient, asked, code);
      expect(first.status).toBe(200);
      expect((await refresh(signet, webClient, first.body.refresh_token)).status).toBe(200);
      expect((await exchangeCode(signet, webClient, asked, code)).status).toBe(400);
      expect((await refresh(signet, { ...webClient, client_secret: 'x' }, 'x')).status).toBe(401);
      for (const grant_type of ['password', 'urn:made-up', 'constructor'])
        expect((await tokenRequest(signet, webClient, { grant_type })).status).toBe(400);
      expect((await tokenRequest(signet, webClient, {})).status).toBe(400);
    }, [
      ['signet_token_requests_total', { grant: 'authorization_code', outcome: 'success' }, 1],
      ['signet_token_requests_total', { grant: 'refresh_token', outcome: 'success' }, 1],
      ['signet_token_requests_total', { grant: 'authorization_code', outcome: 'invalid_grant' }, 1],
      ['signet_token_requests_total', { grant: 'refresh_token', outcome: 'invalid_client' }, 1],
      ['signet_token_requests_total', { grant: 'other', outcome: 'unsupported_grant_type' }, 3],
      ['signet_token_requests_total', { grant: 'other', outcome: 'invalid_request' }, 1],
    ]);
  });

  test('that meet a database out of reach are "unavailable"', async () => {
    const { tokens } = await codeFlow(signet, spaClient);
    const { db } = signet.server.deps;
    const broken = {
      ...db,
      send: () => db.send({ text: 'SELECT pg_terminate_backend(pg_backend_pid())', name: 'end' }, []),
    };
    await growth(async () => {
      Object.assign(signet.server.deps, { db: broken });
      expect((await refresh(signet, spaClient, tokens.refresh_token)).status).toBe(503);
      Object.assign(signet.server.deps, { db });
    }, [['signet_token_requests_total', { grant: 'refresh_token', outcome: 'unavailable' }, 1]]);
  });
});

describe('limits', () => {
  test('of an account, of a browser it knows, of an address and of a client secret are counted apart', async () => {
    const agent = createAgent();
    const page = await agent.get(`${signet.issuer}/sign-in`);
    await submitPassword(agent, page, world.users[1]!);
    for (const name of agent.cookies.keys()) if (name.includes('-session-')) agent.cookies.delete(name);
    const wrong = { username: world.users[1]!.username, password: 'wrong' };
    const fromKnown = async () => {
      const form = await agent.get(`${signet.issuer}/sign-in`);
      return (await submitPassword(agent, form, wrong)).status;
    };
    await growth(async () => {
      while ((await signIn(wrong)) !== 429);
      while ((await fromKnown()) !== 429);
    }, [
      ['signet_limited_total', { kind: 'password_account' }, 1],
      ['signet_limited_total', { kind: 'password_known_browser' }, 1],
      ['signet_sign_ins_total', { outcome: 'too_many_attempts' }, 2],
    ]);
    await query(
      signet.database.url,
      `UPDATE limits SET attempts = 200, next_at = to_timestamp(${signet.clock.now / 1000 + 10})
      WHERE key LIKE 'password address%'`,
    );
    await growth(
      () => signIn({ username: 'somebody', password: 'else' }),
      [['signet_limited_total', { kind: 'password_address' }, 1]],
    );
    const guess = () =>
      fetch(`${signet.issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: basic('web', 'wrong'), 'x-forwarded-for': '203.0.113.4' },
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' }),
      });
    await growth(async () => {
      while ((await guess()).status !== 429);
    }, [
      ['signet_limited_total', { kind: 'client_secret' }, 1],
      ['signet_token_requests_total', { grant: 'refresh_token', outcome: 'too_many_attempts' }, 1],
    ]);
  });
});

describe('password hashes', () => {
  test('running, waiting and refused are seen while it happens, and are gone afterwards', async () => {
    const now = async () => {
      const told = await signet.scrape();
      return ['running', 'waiting', 'refused_total'].map((part) => told.value(`signet_password_hashes_${part}`));
    };
    const statuses: number[] = [];
    const seen = { enough: false };
    // Again and again, until a scrape falls between.
    const knock = async (caller: number) => {
      for (let i = 0; !seen.enough; i += 1)
        statuses.push(await signIn({ username: `${caller} ${i}`, password: 'x' }, `192.0.2.${caller}`));
    };
    const knocking = Promise.all(Array.from({ length: 8 }, (_, caller) => knock(caller)));
    await expect.poll(async () => (await now()).slice(0, 2)).toEqual([1, 2]);
    seen.enough = true;
    await knocking;
    const refused = statuses.filter((status) => status === 503).length;
    expect(refused).toBeGreaterThan(0);
    expect(await now()).toEqual([0, 0, refused]);
  });
});

describe('connections to the database', () => {
  test('open, idle, allowed, and who waits for one', async () => {
    const { db } = signet.server.deps;
    const held = Promise.withResolvers<void>();
    const hold = () => db.transaction(() => held.promise);
    const holding = [hold(), hold(), hold()];
    const now = async () => {
      const seen = await signet.scrape();
      return ['', '_idle', '_max'].map((part) => seen.value(`signet_database_connections${part}`));
    };
    await expect.poll(now).toEqual([3, 0, 3]);
    const waiting = db.send({ text: 'SELECT 1', name: 'one' }, []).catch(() => {});
    await expect.poll(async () => (await signet.scrape()).value('signet_database_waiting')).toBeGreaterThan(0);
    held.resolve();
    await Promise.all([...holding, waiting]);
    await expect.poll(now).toEqual([3, 3, 3]);
  });
});

describe('signing keys', () => {
  test('are counted by state, and the oldest active one has an age that grows with the clock', async () => {
    const before = await signet.scrape();
    const days = 20 * 24 * 3600;
    signet.clock.advance(days);
    const after = await signet.scrape();
    signet.clock.advance(-days);
    for (const alg of Object.values(defaultSigningAlgs)) {
      expect(after.value('signet_signing_keys', { alg, state: 'active' })).toBe(1);
      const [age, later] = [before, after].map((seen) => seen.value('signet_signing_key_age_seconds', { alg }));
      expect(later! - age!).toBe(days);
    }
  });
});

test('the process, its event loop and its version are told', async () => {
  const seen = await signet.scrape();
  expect(seen.value('signet_build_info', { version: '0.1.0' })).toBe(1);
  for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds', 'process_cpu_seconds_total'])
    expect(seen.value(name)).toBeGreaterThan(0);
});
