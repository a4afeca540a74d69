// An https issuer behind a proxy: whoever reaches the port around the proxy, or the proxy in the clear, gets nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawRequest } from '../support/raw-request.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const config = { publicUrl: 'https://id.example' };
let behind: TestSignet;
let elsewhere: TestSignet;
beforeAll(async () => {
  behind = await startSignet({ config: { ...config, trustProxy: ['127.0.0.0/8', '::1'] } });
  elsewhere = await startSignet({ config: { ...config, trustProxy: ['10.9.8.0/24', 'fd00::7'] } });
});
afterAll(async () => {
  await elsewhere.stop();
  await behind.stop();
});

const paths = ['/sign-in', '/oauth/token', '/oauth/jwks', '/auth/login', '/nothing', '/live/', '/t/acme/account'];

test('around the proxy nothing is answered but what load balancers ask, whatever the request says of itself', async () => {
  for (const path of paths)
    for (const headers of [{}, { 'x-forwarded-for': '10.9.8.7', 'x-forwarded-proto': 'https' }])
      for (const method of ['GET', 'POST'])
        expect(await rawRequest(elsewhere.server.url, { method, path, headers }), path).toMatchObject({
          status: 403,
          body: '{"error":"invalid_request","error_description":"This server is reached through its proxy only."}',
        });
  for (const path of ['/live', '/ready'])
    expect((await rawRequest(elsewhere.server.url, { path })).status, path).toBe(200);
});

test.each([
  ['http', 403],
  ['https, http', 403],
  ['HTTP', 403],
  ['', 403],
  ['https', 200],
  ['http, https', 200],
])('through the proxy, which says X-Forwarded-Proto: %s', async (proto, status) => {
  const answer = await rawRequest(behind.server.url, { path: '/sign-in', headers: { 'x-forwarded-proto': proto } });
  expect(answer.status).toBe(status);
});

test('a proxy that says nothing about it is believed', async () => {
  expect((await rawRequest(behind.server.url, { path: '/sign-in' })).status).toBe(200);
});
