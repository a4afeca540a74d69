// What a failing test says of the answers it got, and that remembering them disturbs nobody.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectStatus } from '../support/expect-status.ts';
import { recordAnswers } from '../support/recorded-answers.ts';

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    const isPicture = request.url === '/picture';
    response.writeHead(400, { 'content-type': isPicture ? 'image/png' : 'application/json' });
    if (request.url === '/endless') return void response.write('{"begun":');
    response.end(request.url === '/long' ? JSON.stringify('x'.repeat(100_000)) : '{"error":"invalid_grant"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('method, address, status and body of the last answers are told; the caller reads every body whole', async () => {
  const recorder = recordAnswers(fetch);
  for (let count = 0; count < 10; count += 1) await (await recorder.fetch(`${url}/earlier`)).text();
  expect(await (await recorder.fetch(`${url}/token`, { method: 'POST' })).json()).toEqual({ error: 'invalid_grant' });
  expect(await (await recorder.fetch(`${url}/long`)).json()).toHaveLength(100_000);
  await recorder.fetch(`${url}/picture`);
  const told = await recorder.told();
  expect(told).toHaveLength(5);
  expect(told.slice(-3)).toEqual([
    `POST ${url}/token 400\n  {"error":"invalid_grant"}`,
    `GET ${url}/long 400\n  "${'x'.repeat(499)}`,
    `GET ${url}/picture 400`,
  ]);
  recorder.forget();
  expect(await recorder.told()).toEqual([]);
});

test('a body that does not end keeps nobody waiting', async () => {
  const recorder = recordAnswers(fetch);
  const response = await recorder.fetch(`${url}/endless`);
  expect(await recorder.told()).toEqual([`GET ${url}/endless 400\n  {"begun":`]);
  await response.body!.cancel();
});

test('expectStatus: silent for the right one; otherwise the error and the body', () => {
  expectStatus({ status: 200, body: {} }, 200);
  expect(() => expectStatus({ status: 400, body: { error: 'invalid_grant' } }, 200)).toThrow(
    'expected status 200 but got 400 (invalid_grant):\n{"error":"invalid_grant"}',
  );
});
