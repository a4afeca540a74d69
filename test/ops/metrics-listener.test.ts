// The metrics listener: nothing but GET /metrics, nowhere else, nothing of anybody in it, and no more series than the code has lists.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/storage/database.ts';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { alice, claimsOf, codeFlow, getUserinfo, refresh, submitPassword, webClient, world } from '../support/flow.ts';
import { type MeasuredSignet, scrape, startMeasured } from '../support/metrics.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgres-proxy.ts';
import { rawRequest } from '../support/raw-request.ts';
import { runSignet } from '../support/signet-process.ts';
import { startSignet } from '../support/signet.ts';
import { freePort } from '../../src/testing/start.ts';

let signet: MeasuredSignet;
let listener: string;
beforeAll(async () => {
  signet = await startMeasured({ provision: world });
  await signet.provision({ ...world, tenant: 'secretive' });
  listener = new URL(signet.metricsUrl).origin;
});
afterAll(() => signet.stop());

describe('where it answers', () => {
  test('GET /metrics, as text that Prometheus reads, kept by no cache', async () => {
    const answer = await fetch(`${signet.metricsUrl}?name[]=x`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    await answer.text();
  });

  test.each([
    { method: 'GET', path: '/' },
    { method: 'GET', path: '/metrics/' },
    { method: 'GET', path: '/ready' },
    { method: 'GET', path: '/sign-in' },
    { method: 'GET', path: '/oauth/jwks' },
    { method: 'HEAD', path: '/metrics' },
    { method: 'POST', path: '/metrics' },
    { method: 'DELETE', path: '/metrics' },
  ])('$method $path: 404', async (asked) => {
    expect((await rawRequest(listener, asked)).status).toBe(404);
  });

  test('the public listener has no metrics, for nobody', async () => {
    for (const path of ['/metrics', '/t/secretive/metrics', '/admin/metrics'])
      expect((await fetch(`${signet.issuer}${path}`)).status).toBe(404);
  });

  test('without METRICS_PORT nothing listens and nothing is counted', async () => {
    const plain = await startSignet({ provision: world });
    try {
      await codeFlow(plain, webClient);
      const { unmeasured } = await import('../../src/domain/metrics.ts');
      expect(plain.server.deps.metrics).toBe(unmeasured);
    } finally {
      await plain.stop();
    }
  });

  test('it answers while the server drains, and is gone when that has ended', async () => {
    const draining = await startMeasured();
    const stopping = draining.server.stop(1);
    await expect.poll(async () => (await fetch(`${draining.issuer}/ready`)).status).toBe(503);
    expect((await draining.scrape()).value('signet_build_info')).toBe(1);
    await stopping;
    await expect(fetch(draining.metricsUrl)).rejects.toThrow();
    await draining.database.drop();
  });

  test('a port that is taken: says which setting to change, and the start writes nothing', async () => {
    const METRICS_PORT = new URL(listener).port;
    const { code, output } = await runSignet(['src/cli/signet.ts', 'serve'], {
      PORT: String(await freePort()),
      METRICS_PORT,
      DATA_DIR: '/nonexistent',
    }).ended;
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`cannot start: port ${METRICS_PORT} of localhost is taken\\..* METRICS_PORT`));
  });
});

describe('how much it tells', () => {
  test('a thousand unknown addresses are one series', async () => {
    const before = await signet.scrape();
    const ask = (i: number) => fetch(`${signet.issuer}/${i % 2 === 0 ? 'x' : 't/y/z'}/${i}?secret=${i}`);
    for (let i = 0; i < 1000; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => ask(i + j)));
    const unknown = { route: 'unknown', method: 'GET', status: '404' };
    await expect
      .poll(async () => (await signet.scrape()).value('signet_http_requests_total', unknown))
      .toBe(before.value('signet_http_requests_total', unknown) + 1000);
    const after = await signet.scrape();
    const series = after.samples.filter(
      ({ name, labels }) => name === 'signet_http_requests_total' && labels['route'] === 'unknown',
    );
    expect(series).toHaveLength(1);
  });

  test('unknown methods are one series, unknown tenants none of their own', async () => {
    for (const method of ['PROPFIND', 'MKCOL', 'LOCK', 'SEARCH', 'PURGE'])
      await rawRequest(signet.issuer, { method, path: '/nothing' });
    for (let i = 0; i < 20; i += 1) await fetch(`${signet.issuer}/t/made-up-${i}/oauth/jwks`);
    const jwks = { route: '/t/:slug/oauth/jwks', status: '404' };
    await expect.poll(async () => (await signet.scrape()).value('signet_http_requests_total', jwks)).toBe(20);
    const { samples } = await signet.scrape();
    const methods = new Set(samples.flatMap(({ labels }) => (labels['route'] === 'unknown' ? [labels['method']] : [])));
    expect(methods).toEqual(new Set(['GET', 'other']));
  });

  test('nothing of the person, the client, the tenant, the address or a token is in it', async () => {
    const { tokens, agent } = await codeFlow({ issuer: `${signet.issuer}/t/secretive` }, webClient);
    await getUserinfo({ issuer: `${signet.issuer}/t/secretive` }, tokens.access_token);
    await refresh({ issuer: `${signet.issuer}/t/secretive` }, webClient, tokens.refresh_token);
    await submitPassword(agent, await createAgent().get(`${signet.issuer}/sign-in`), { ...alice, password: 'wrong' });
    const [user] = await query<{ id: string }>(signet.database.url, `SELECT id FROM users WHERE username = 'alice'`);
    const { kid } = JSON.parse(Buffer.from(tokens.id_token.split('.')[0]!, 'base64url').toString()) as { kid: string };
    const { text, samples } = await signet.scrape();
    const values = new Set(samples.flatMap(({ labels }) => Object.values(labels)));
    for (const told of [alice.username, 'web', 'secretive', '127.0.0.1', '::1', kid])
      expect(values).not.toContain(told);
    for (const told of ['alice', 'Adams', 'secretive', user!.id, kid, 'localhost', '127.0.0.1', '::1'])
      expect(text).not.toContain(told);
    for (const token of [...Object.values(tokens).map(String), String(claimsOf(tokens.id_token)['sub'])].filter(
      (value) => value.length > 20,
    ))
      expect(text).not.toContain(token);
  });
});

describe('a database that is silent', () => {
  let proxy: PostgresProxy;
  let distant: MeasuredSignet;
  beforeAll(async () => {
    proxy = await startPostgresProxy(signet.database.url);
    distant = await startMeasured({ beside: signet, config: { databaseUrl: proxy.url } });
  });
  afterAll(async () => {
    proxy.cut();
    await proxy.close();
    await distant.stop();
  });

  test('holds no scrape up: it comes without the keys, and with them when they were read', async () => {
    const reached = proxy.stopAt('unsent', /from "signing_keys" where "state" <>/);
    const first = scrape(distant.metricsUrl);
    await reached;
    const seen = await first;
    // The connection that asked for them still stands there.
    const { total, idle } = (distant.server.deps.db as Database).load();
    expect(total - idle).toBeGreaterThan(0);
    expect(seen.value('signet_build_info')).toBe(1);
    expect(seen.value('signet_signing_keys')).toBe(0);
    await expect.poll(async () => (await distant.scrape()).value('signet_signing_keys')).toBeGreaterThan(0);
  });
});
