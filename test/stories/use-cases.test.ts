// The requests of the use cases that the project began with, body by body, at a server that was started a minute ago.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/testing/start.ts';
import { type ApiAnswer, postJson } from '../support/first-party.ts';
import { claimsOf } from '../support/flow.ts';
import { bearer, codeOf } from '../support/second-factors.ts';
import { runSignet, type SignetProcess } from '../support/signet-process.ts';

/** Argon2id of `password`: too short to be chosen here, and brought along from elsewhere. */
const hash = '$argon2id$v=19$m=19456,t=2,p=1$8jOqsdvFYdkoviuu+mhbUQ$fwtgcJSBIzL50krRPreDCEvYbhkFo+OXLhqJeGIVGyA';

let directory: string;
let issuer: string;
let env: Record<string, string>;
let server: SignetProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  const port = String(await freePort());
  issuer = `http://localhost:${port}`;
  env = { PORT: port, DATA_DIR: directory, DRAIN_SECONDS: '0' };
  server = runSignet(['start'], { ...env, LOG_LEVEL: 'warn' }, 'npm');
  await server.says('Signet is ready');
  const people = join(directory, 'people.json');
  const user = { username: 'user@example.com', email: 'user@example.com', password_hash: hash };
  await writeFile(people, JSON.stringify({ users: [user] }));
  await signet('apply', people);
}, 60_000);
afterAll(async () => {
  server.kill('SIGTERM');
  await server.ended;
  await rm(directory, { recursive: true, force: true, maxRetries: 20 });
});

async function signet(...args: string[]): Promise<string> {
  const { code, output, stdout } = await runSignet(['src/cli/signet.ts', ...args], env).ended;
  expect(code, output).toBe(0);
  return stdout;
}

const person = { username: 'user@example.com', password: 'password' };
const ask = (path: string, body: object): Promise<ApiAnswer> => postJson(issuer + path, body);

/** What any service does with a token: the published keys, and nobody asked. */
async function serviceChecks(token: string): Promise<Record<string, unknown>> {
  const keys = createRemoteJWKSet(new URL(`${issuer}/oauth/jwks`));
  const { payload } = await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt', algorithms: ['ES256'] });
  return payload;
}

test('1. single sign-on: one token, which service A and service B check alone', async () => {
  const { status, body } = await ask('/auth/login', person);
  expect(status).toBe(200);
  expect(body).toMatchObject({ token: expect.any(String), expires_in: 900 });
  const [a, b] = await Promise.all([serviceChecks(body.token), serviceChecks(body.token)]);
  expect(a).toEqual(b);
  expect(a).toMatchObject({ sub: expect.any(String), amr: ['pwd'] });
});

test('2. API authentication: a program with a key', async () => {
  const made = await signet('service', 'create', 'api_user');
  const key = /sgk_[\w-]{43}/.exec(made)![0];
  const { status, body } = await ask('/api/auth/login', { username: 'api_user', password: key });
  expect(status).toBe(200);
  expect(body).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
  expect(body.refresh_token).toBeUndefined();
  await serviceChecks(body.access_token);
});

test('4. mobile application: a token that is checked offline, and one to refresh with', async () => {
  const { status, body } = await ask('/api/mobile/login', person);
  expect(status).toBe(200);
  expect(body).toMatchObject({ token: expect.any(String), refresh_token: expect.any(String), expires_in: 900 });
  await serviceChecks(body.token);
});

test('8. token refresh: a short-lived access token, and a long-lived refresh token that is renewed', async () => {
  const { body } = await ask('/auth/login', person);
  expect(body).toMatchObject({ access_token: body.token, refresh_token: expect.any(String), expires_in: 900 });
  const { exp, iat } = claimsOf(body.access_token) as { exp: number; iat: number };
  expect(exp - iat).toBe(900);
  const expired = await fetch(`${issuer}/oauth/userinfo`, { headers: bearer('expired_token') });
  expect(expired.status).toBe(401);
  const next = await ask('/auth/refresh', { refresh_token: body.refresh_token });
  expect([next.status, next.body]).toEqual([
    200,
    expect.objectContaining({ access_token: expect.any(String), expires_in: 900 }),
  ]);
  await serviceChecks(next.body.access_token);
});

describe('7. multi-factor authentication', () => {
  test('a partial token, then the code, then a token that says so', async () => {
    const { token: fresh } = (await ask('/auth/login', person)).body;
    const { secret } = (await postJson(`${issuer}/auth/mfa/totp`, {}, bearer(fresh))).body;
    const confirmed = { code: codeOf(secret, Date.now()) };
    expect((await postJson(`${issuer}/auth/mfa/totp/confirm`, confirmed, bearer(fresh))).status).toBe(200);

    const half = await ask('/auth/login', person);
    expect(half.body).toMatchObject({
      token: expect.any(String),
      mfa_required: true,
      mfa_methods: expect.arrayContaining(['totp']),
    });
    expect(claimsOf(half.body.token)).toMatchObject({ sub: expect.any(String), mfa_verified: false, mfa_method: null });
    expect(decodeProtectedHeader(half.body.token).typ).not.toBe('at+jwt');
    await expect(serviceChecks(half.body.token)).rejects.toThrow();

    // The clock of the telephone may be a step ahead.
    const code = codeOf(secret, Date.now(), 1);
    const { status, body } = await ask('/auth/mfa/verify', { token: half.body.token, code });
    expect([status, body.mfa_verified]).toEqual([200, true]);
    expect(await serviceChecks(body.token)).toMatchObject({
      sub: claimsOf(half.body.token)['sub'],
      mfa_verified: true,
      mfa_method: 'totp',
      mfa_verified_at: expect.any(Number),
    });
  });
});
