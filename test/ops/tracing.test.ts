// Spans: one for each request, what it did below it, and nothing of anybody in them.
import { request } from 'node:http';
import { cookieName } from '../support/cookies.ts';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import {
  alice,
  codeFlow,
  getUserinfo,
  refresh,
  submitPassword,
  tokenRequest,
  webClient,
  world,
} from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { registerTracer, type SeenSpan } from '../support/tracer.ts';

const spans: SeenSpan[] = registerTracer();
const sent: string[] = [];
let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: world,
    config: { trustProxy: ['127.0.0.1', '::1'] },
    observe: ({ text }) => sent.push(text),
  });
});
afterAll(() => signet.stop());
beforeEach(() => {
  spans.length = 0;
});

/** The span of the one request to this route, once it has ended. */
async function requestSpan(name: string): Promise<SeenSpan> {
  const found = () => spans.filter((span) => span.name === name && span.hasEnded);
  await expect.poll(found).toHaveLength(1);
  return found()[0]!;
}

const childrenOf = (parent: SeenSpan) => spans.filter((span) => span.parentId === parent.spanContext.spanId);

/** Of a session that there is not. */
const cookie = () => `${cookieName(signet, 'session')}=sgs_${'A'.repeat(43)}`;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${spanId}-01`;

describe('a request', () => {
  test('is a span of its own with route, method and status, also when it is refused', async () => {
    expect((await tokenRequest(signet, webClient, { grant_type: 'password' })).status).toBe(400);
    expect(await requestSpan('POST /oauth/token')).toMatchObject({
      kind: SpanKind.SERVER,
      parentId: undefined,
      attributes: { 'http.request.method': 'POST', 'http.route': '/oauth/token', 'http.response.status_code': 400 },
      status: undefined,
    });
  });

  test('has its statements and its password hash below it', async () => {
    const agent = createAgent();
    const page = await agent.get(`${signet.issuer}/sign-in`);
    expect((await submitPassword(agent, page, alice)).status).toBe(303);
    const asked = await requestSpan('POST /sign-in');
    const below = childrenOf(asked);
    expect(
      below.every(({ hasEnded, spanContext }) => hasEnded && spanContext.traceId === asked.spanContext.traceId),
    ).toBe(true);
    const names = below.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['SELECT users', 'BEGIN', 'INSERT sessions', 'COMMIT', 'password hash']),
    );
    expect(below.find(({ name }) => name === 'SELECT users')).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: {
        'db.system.name': 'postgresql',
        'db.operation.name': 'SELECT',
        'db.query.text': expect.stringContaining('$1') as string,
      },
    });
  });

  test('whose body comes later than its head has its statements below it as well', async () => {
    const form = 'grant_type=refresh_token&client_id=spa&refresh_token=sgr_x';
    const { port } = new URL(signet.issuer);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': form.length };
    const sending = request({ host: 'localhost', port, path: '/oauth/token', method: 'POST', headers });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      sending.on('error', reject).on('response', (answer) => resolve(answer.resume().statusCode));
    });
    sending.flushHeaders();
    await expect.poll(() => spans.map(({ name }) => name)).toContain('POST /oauth/token');
    sending.end(form);
    expect(await answered).toBe(400);
    const names = childrenOf(await requestSpan('POST /oauth/token')).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['SELECT clients']));
  });

  test('of one connection never gets what another did', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => createAgent().get(`${signet.issuer}/sign-in?i=${i}`, { cookie: cookie() })),
    );
    const requests = () => spans.filter(({ name, hasEnded }) => name === 'GET /sign-in' && hasEnded);
    await expect.poll(requests).toHaveLength(20);
    const counts = requests().map((asked) => childrenOf(asked).filter(({ name }) => name === 'SELECT sessions').length);
    expect(counts).toEqual(Array.from({ length: 20 }, () => 1));
  });

  test('that nothing answers has no address', async () => {
    await fetch(`${signet.issuer}/secret/path?and=query`);
    const { attributes } = await requestSpan('GET');
    expect(attributes).toMatchObject({ 'http.response.status_code': 404 });
    expect(attributes).not.toHaveProperty('http.route');
  });

  test('that fails is an error, and so is the statement: by its code, without its words', async () => {
    await query(signet.database.url, 'ALTER TABLE sessions RENAME TO gone');
    try {
      expect((await createAgent().get(`${signet.issuer}/sign-in`, { cookie: cookie() })).status).toBe(500);
    } finally {
      await query(signet.database.url, 'ALTER TABLE gone RENAME TO sessions');
    }
    const asked = await requestSpan('GET /sign-in');
    expect(asked.status).toEqual({ code: SpanStatusCode.ERROR });
    const failed = childrenOf(asked).filter(({ status }) => status !== undefined);
    expect(failed).toMatchObject([{ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '42P01' } }]);
  });
});

describe('traceparent', () => {
  test('of an outsider is a link: neither the trace nor the sampling is theirs to choose', async () => {
    await fetch(`${signet.issuer}/oauth/jwks`, { headers: { traceparent } });
    const span = await requestSpan('GET /oauth/jwks');
    expect(span.parentId).toBeUndefined();
    expect(span.spanContext.traceId).not.toBe(traceId);
    expect(span.links).toMatchObject([{ context: { traceId, spanId } }]);
  });

  test('that a trusted proxy passes on is the parent', async () => {
    await fetch(`${signet.issuer}/oauth/jwks`, { headers: { traceparent, 'x-forwarded-for': '198.51.100.7' } });
    const span = await requestSpan('GET /oauth/jwks');
    expect([span.parentId, span.spanContext.traceId, span.links]).toEqual([spanId, traceId, []]);
  });

  test('that is malformed is nothing', async () => {
    await fetch(`${signet.issuer}/oauth/jwks`, {
      headers: { traceparent: '00-zz-1-1', 'x-forwarded-for': '198.51.100.7' },
    });
    const span = await requestSpan('GET /oauth/jwks');
    expect([span.parentId, span.links]).toEqual([undefined, []]);
  });

  test('without a trusted proxy, forwarding headers vouch for nothing', async () => {
    const alone = await startSignet({ beside: signet });
    try {
      await fetch(`${alone.server.url}/oauth/jwks`, { headers: { traceparent, 'x-forwarded-for': '198.51.100.7' } });
      expect((await requestSpan('GET /oauth/jwks')).parentId).toBeUndefined();
    } finally {
      await alone.stop();
    }
  });
});

test('what the server does by itself makes no spans', async () => {
  sent.length = 0;
  await expect.poll(() => sent.some((text) => /\bchanges\b/.test(text))).toBe(true);
  expect(spans).toEqual([]);
});

test('no span holds a value: no name, password, address, token or id of anybody', async () => {
  const { tokens, code } = await codeFlow(signet, webClient);
  await getUserinfo(signet, tokens.access_token);
  const refreshed = await refresh(signet, webClient, tokens.refresh_token);
  const agent = createAgent();
  const page = await agent.get(`${signet.issuer}/sign-in`);
  await submitPassword(agent, page, { ...alice, password: 'a wrong canary' });
  await expect.poll(() => spans.filter(({ name, hasEnded }) => name === 'POST /sign-in' && hasEnded).length).toBe(2);
  const rows = await query<{ id: string }>(signet.database.url, 'SELECT id FROM users UNION SELECT id FROM sessions');
  const text = JSON.stringify(spans);
  expect(spans.length).toBeGreaterThan(30);
  const secrets = [
    ...Object.values(alice),
    'a wrong canary',
    'alice@example.com',
    'Adams',
    webClient.client_secret,
    code,
    ...[tokens, refreshed.body].flatMap((given) => [given.access_token, given.refresh_token, given.id_token]),
    ...agent.cookies.values(),
    ...rows.map(({ id }) => id),
    '127.0.0.1',
    '::1',
  ];
  for (const secret of secrets) expect(text).not.toContain(secret);
});
