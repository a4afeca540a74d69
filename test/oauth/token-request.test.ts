// The token endpoint itself: forms and flat JSON, grant types, and the answers to what it does not do.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { basic, codeFlow, spaClient, tokenRequest, webClient, world, meaningOf, type Tokens } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const codeOnly = { ...webClient, client_id: 'code-only', grant_types: ['authorization_code' as const] };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: { ...world, clients: [...world.clients, codeOnly] } });
});
afterAll(() => signet.stop());

test('a flat JSON body is as good as a form', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const send = (contentType: string) =>
    fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: JSON.stringify({ grant_type: 'refresh_token', client_id: 'spa', refresh_token: tokens.refresh_token }),
    });
  const first = await send('application/json');
  expect(first.status).toBe(200);
  const again = (await (await send('application/json; charset=utf-8')).json()) as Tokens;
  expect(meaningOf(again)).toEqual(meaningOf((await first.json()) as Tokens));
});

test('Basic beside a JSON body', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const response = await fetch(`${signet.issuer}/oauth/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: basic(webClient.client_id, webClient.client_secret),
    },
    body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }),
  });
  expect(response.status).toBe(200);
});

test.each([
  'password',
  'implicit',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange ',
  'constructor',
  '__proto__',
  'toString',
  'Refresh_Token',
  'ü"\\',
])('grant_type %s: unsupported_grant_type', async (grant_type) => {
  const answer = await tokenRequest(signet, webClient, { grant_type, username: 'alice', password: 'x' });
  expect([answer.status, answer.body.error]).toEqual([400, 'unsupported_grant_type']);
  expect(answer.body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
});

test('no grant_type, or an empty one: invalid_request', async () => {
  for (const form of [{}, { grant_type: '' }] as Record<string, string>[]) {
    const answer = await tokenRequest(signet, webClient, form);
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  }
});

test('a grant that the client is not registered for: unauthorized_client', async () => {
  const answer = await tokenRequest(signet, codeOnly, { grant_type: 'refresh_token', refresh_token: 'x' });
  expect([answer.status, answer.body.error]).toEqual([400, 'unauthorized_client']);
});

test('who the client is comes before what it wants: an unknown grant of an unknown client is invalid_client', async () => {
  const answer = await tokenRequest(signet, { ...webClient, client_secret: 'wrong' }, { grant_type: 'password' });
  expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
});

test('errors are never stored, and say nothing but error and error_description', async () => {
  for (const client of [webClient, { ...webClient, client_secret: 'wrong' }]) {
    const answer = await tokenRequest(signet, client, { grant_type: 'refresh_token', refresh_token: 'x' });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('pragma')).toBe('no-cache');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(Object.keys(answer.body)).toEqual(['error', 'error_description']);
  }
});

test('a repeated parameter: invalid_request, except resource, which may repeat', async () => {
  const send = async (extra: string) => {
    const response = await fetch(`${signet.issuer}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `grant_type=refresh_token&client_id=spa&refresh_token=x&${extra}`,
    });
    return ((await response.json()) as { error: string }).error;
  };
  for (const extra of ['client_id=spa', 'grant_type=refresh_token', 'refresh_token=x', 'a=1&a=2', 'scope=&scope='])
    expect(await send(extra), extra).toBe('invalid_request');
  expect(await send('resource=https://a.example&resource=https://b.example')).toBe('invalid_grant');
});
