// No answer is without the security headers: not a redirect, an error, a document, a page, nor what the parser refuses.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMeasured } from '../support/metrics.ts';
import { type RawAnswer, type RawRequest, rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';
import { stylesheetFile } from '../../src/http/pages/page.ts';

let plain: TestSignet & { metricsUrl: string };
let secure: TestSignet;
beforeAll(async () => {
  plain = await startMeasured();
  secure = await startSignet({
    config: { publicUrl: 'https://id.example', trustProxy: ['127.0.0.1', '::1'] },
  });
});
afterAll(async () => {
  await secure.stop();
  await plain.stop();
});

const requests: readonly RawRequest[] = [
  { path: '/' },
  { path: '/sign-in' },
  { path: '/account' },
  { path: '/oauth/authorize' },
  { path: '/oauth/authorize', method: 'DELETE' },
  { path: '/oauth/token', method: 'POST' },
  { path: '/auth/login', method: 'POST', body: '{' },
  { path: '/auth/mfa' },
  { path: '/oauth/jwks' },
  { path: '/.well-known/openid-configuration' },
  { path: '/oauth/userinfo' },
  { path: '/oauth/logout' },
  { path: `/assets/${stylesheetFile.name}` },
  { path: '/nothing' },
  { path: '/nothing', headers: { accept: 'text/html' } },
  { path: '/t/nowhere/sign-in' },
  { path: '/live' },
  { path: '/ready' },
  { path: '/%ff' },
  { path: '/%zz' },
];

/** Bytes that are no request, or too much of one. */
function answerTo(origin: string, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => error.code !== 'ECONNRESET' && reject(error));
    socket.on('close', () => {
      const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
      const [line = '', ...lines] = head.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((each) => [each.slice(0, each.indexOf(': ')), each.slice(each.indexOf(': ') + 2)]),
      );
      resolve({ status: Number(line.split(' ')[1]), headers, body });
    });
  });
}

const broken: [string, string, number][] = [
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
  ['too large a head', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
];
const brokenByPerson = `GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nCookie: ${'x'.repeat(20_000)}\r\n\r\n`;

function expectHeaders({ headers }: RawAnswer, what: string, isHttps: boolean) {
  const policy = headers['content-security-policy'];
  for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"])
    expect(policy, what).toContain(directive);
  expect(headers['x-content-type-options'], what).toBe('nosniff');
  expect(headers['referrer-policy'], what).toBe('no-referrer');
  expect(headers['x-frame-options'], what).toBe('DENY');
  expect(headers['cache-control'], what).toBeDefined();
  if (isHttps) expect(headers['strict-transport-security'], what).toBe('max-age=63072000; includeSubDomains');
  else expect(headers, what).not.toHaveProperty('strict-transport-security');
}

describe.each([
  ['http on loopback', () => plain, false],
  ['https behind a proxy', () => secure, true],
] as const)('%s', (_how, signetOf, isHttps) => {
  test('every answer has them', async () => {
    for (const asked of requests)
      expectHeaders(await rawRequest(signetOf().server.url, asked), `${asked.method ?? 'GET'} ${asked.path}`, isHttps);
  });

  test.each(broken)('what is no request: %s', async (what, bytes, status) => {
    const answer = await answerTo(signetOf().server.url, bytes);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      status,
      { error: 'invalid_request', error_description: expect.any(String) },
    ]);
    expectHeaders(answer, what, isHttps);
  });

  test('what is no request, on a page', async () => {
    const answer = await answerTo(signetOf().server.url, brokenByPerson);
    expect([answer.status, answer.headers['content-type']]).toEqual([431, 'text/html; charset=utf-8']);
    expectHeaders(answer, 'a page', isHttps);
  });
});

test('the metrics listener has them as well', async () => {
  for (const path of ['/metrics', '/nothing'])
    expectHeaders(await rawRequest(new URL(plain.metricsUrl).origin, { path }), path, false);
  for (const [what, bytes] of broken)
    expectHeaders(await answerTo(new URL(plain.metricsUrl).origin, bytes), what, false);
  const { headers } = await answerTo(new URL(plain.metricsUrl).origin, brokenByPerson);
  expect(headers['content-type'], 'no page: its stylesheet is not there').toBe('application/json; charset=utf-8');
});
