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
import { smsBy, smsCodeTo, type SmsReceiver, startSmsReceiver } from '../support/sms.ts';
import { codeIn, linkIn, mailTo, startSmtp, type TestSmtp } from '../support/smtp.ts';

/** Argon2id of `password`: too short to be chosen here, and brought along from elsewhere. */
const hash = '$argon2id$v=19$m=19456,t=2,p=1$8jOqsdvFYdkoviuu+mhbUQ$fwtgcJSBIzL50krRPreDCEvYbhkFo+OXLhqJeGIVGyA';

let directory: string;
let issuer: string;
let env: Record<string, string>;
let server: SignetProcess;
let smtp: TestSmtp;
let receiver: SmsReceiver;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signet-test-'));
  const port = String(await freePort());
  issuer = `http://localhost:${port}`;
  smtp = await startSmtp();
  receiver = await startSmsReceiver();
  env = {
    PORT: port,
    DATA_DIR: directory,
    DRAIN_SECONDS: '0',
    SMTP_URL: `smtp://localhost:${smtp.port}`,
    MAIL_FROM: 'Signet <signet@example.com>',
    SMS_URL: `http://signet:${encodeURIComponent(smsBy(receiver).sms.key)}@127.0.0.1:${receiver.port}/sms`,
    OUTBOUND_ALLOW: `127.0.0.1:${receiver.port}`,
  };
  server = runSignet(['start'], { ...env, LOG_LEVEL: 'warn' }, 'npm');
  await server.says('Signet is ready');
  const people = join(directory, 'people.json');
  const user = { username: 'user@example.com', email: 'user@example.com', email_verified: true, password_hash: hash };
  await writeFile(people, JSON.stringify({ users: [user] }));
  await signet('apply', people);
}, 60_000);
afterAll(async () => {
  server.kill('SIGTERM');
  await server.ended;
  await smtp.close();
  await receiver.close();
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

describe('6. passwordless authentication', () => {
  const { username: email } = person;

  test('a link with a JWT, which becomes a session token: for whoever asked, where the seed takes anybody', async () => {
    const asked = await ask('/auth/passwordless/request', { email });
    expect([asked.status, asked.body]).toEqual([202, { proof: expect.any(String), expires_in: 600 }]);
    const link = new URL(await linkIn(await mailTo(smtp, email, 1, 'magic-link')));
    expect(link.href.startsWith(`${issuer}/auth/verify?token=ey`)).toBe(true);
    expect(decodeProtectedHeader(link.searchParams.get('token')!).alg).toBe('HS256');
    const page = await fetch(link);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const verified = await postJson(`${link.href}&proof=${asked.body.proof}`, undefined, {}, 'GET');
    expect([verified.status, verified.body]).toEqual([200, { session_token: expect.any(String), expires_in: 86_400 }]);
    const { exp, iat, amr } = await serviceChecks(verified.body.session_token);
    expect([(exp as number) - (iat as number), amr]).toEqual([86_400, ['otp']]);
    const again = await postJson(`${link.href}&proof=${asked.body.proof}`, undefined, {}, 'GET');
    expect(again.status).toBe(401);
  });

  test('a code of six digits, which becomes the tokens of a login', async () => {
    expect((await ask('/auth/passwordless/code', { email })).status).toBe(202);
    const code = await codeIn(await mailTo(smtp, email, 1, 'sign-in-code'));
    const { status, body } = await ask('/auth/passwordless/verify', { email, code });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token: expect.any(String), refresh_token: expect.any(String), expires_in: 900 });
    await serviceChecks(body.token);
    expect((await ask('/auth/passwordless/verify', { email, code })).status).toBe(401);
  });
});

describe('7. multi-factor authentication', () => {
  /** Of a sign-in of the last five minutes, which has proven the application. */
  let fresh: string;

  test('a partial token, then the code, then a token that says so', async () => {
    fresh = (await ask('/auth/login', person)).body.token;
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

  test('the same with a code by text message, which is sent when it is asked for', async () => {
    const phone = '+15550100123';
    const begun = await postJson(`${issuer}/auth/mfa/sms`, { phone }, bearer(fresh));
    expect(begun.status).toBe(202);
    const first = { code: await smsCodeTo(receiver, phone) };
    expect((await postJson(`${issuer}/auth/mfa/sms/confirm`, first, bearer(fresh))).status).toBe(200);

    const half = await ask('/auth/login', person);
    expect(half.body).toMatchObject({ mfa_required: true, mfa_methods: expect.arrayContaining(['totp', 'sms']) });
    const sent = await ask('/auth/mfa/challenge', { token: half.body.token, method: 'sms' });
    expect([sent.status, sent.body]).toEqual([200, expect.objectContaining({ sent: { method: 'sms', to: '23' } })]);
    const { status, body } = await ask('/auth/mfa/verify', {
      token: half.body.token,
      code: await smsCodeTo(receiver, phone, 2),
    });
    expect([status, body.mfa_verified]).toEqual([200, true]);
    expect(await serviceChecks(body.token)).toMatchObject({ mfa_verified: true, mfa_method: 'sms' });
  });
});
