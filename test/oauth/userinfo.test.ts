// UserInfo: how the token may come, what each scope tells, and which tokens open nothing.
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, bob, claimsOf, codeFlow, getUserinfo, webClient, world } from '../support/flow.ts';
import { revokeAccess, signOut } from '../support/endings.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const api = 'https://api.example';
const carol = {
  username: 'carol',
  password: 'a password of some length',
  email: 'carol@example.com',
  given_name: 'Carol',
  family_name: 'Ö"<b>',
  birthdate: '1990-02-03',
  zoneinfo: 'Europe/Zurich',
  phone_number: '+41441234567',
  phone_number_verified: true,
  address: { street_address: 'Weg 1', country: 'CH' },
};
const curious = { ...webClient, scope: 'openid profile email address phone api:read' };

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: {
      users: [...world.users, carol],
      clients: [curious],
      resources: [{ identifier: api, scopes: ['api:read'] }],
    },
  });
});
afterAll(() => signet.stop());

const tokenFor = async (change: Record<string, string | undefined> = {}, user = alice) =>
  (await codeFlow(signet, curious, { change, user })).tokens.access_token;

const send = (path: string, init: RequestInit) => fetch(`${signet.issuer}${path}`, init);

test.each(['/oauth/userinfo', '/api/userinfo'])('%s: by GET and POST, in the header or the form', async (path) => {
  const token = await tokenFor();
  const authorization = `Bearer ${token}`;
  const ways: RequestInit[] = [
    { headers: { authorization } },
    { headers: { authorization: `bearer ${token}` } },
    { method: 'POST', headers: { authorization } },
    { method: 'POST', body: new URLSearchParams({ access_token: token }) },
  ];
  for (const way of ways) {
    const response = await send(path, way);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await response.json()).toMatchObject({ email: 'alice@example.com' });
  }
});

describe('what the scopes tell', () => {
  test.each<[string, string[]]>([
    ['openid', ['sub']],
    ['openid email', ['sub', 'email', 'email_verified']],
    ['openid phone', ['sub', 'phone_number', 'phone_number_verified']],
    ['openid address', ['sub', 'address']],
    [
      'openid profile',
      ['sub', 'family_name', 'given_name', 'preferred_username', 'birthdate', 'zoneinfo', 'updated_at'],
    ],
  ])('%s: %o', async (scope, names) => {
    const token = await tokenFor({ scope }, carol);
    const { body } = await getUserinfo(signet, token);
    expect(Object.keys(body).sort()).toEqual([...names].sort());
    expect(body['sub']).toBe(claimsOf(token)['sub']);
  });

  test('values come as they were stored, the user name stands in for preferred_username', async () => {
    const { body } = await getUserinfo(signet, await tokenFor({ scope: 'openid profile email phone address' }, carol));
    const { username, password: _password, ...claims } = carol;
    expect(body).toMatchObject({ ...claims, preferred_username: username, email_verified: false });
    expect(typeof body['updated_at']).toBe('number');
  });

  test('tokens themselves tell nothing of it', async () => {
    const { tokens } = await codeFlow(signet, curious, {
      change: { scope: 'openid profile email phone address' },
      user: carol,
    });
    for (const jwt of [tokens.access_token, tokens.id_token])
      expect(Object.keys(claimsOf(jwt))).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/name|email|phone/)]),
      );
  });
});

describe('the challenge', () => {
  const expectChallenge = (response: Response, status: number, error: string | undefined) => {
    expect(response.status).toBe(status);
    const challenge = response.headers.get('www-authenticate') ?? '';
    expect(challenge).toMatch(new RegExp(`^Bearer realm="${signet.issuer}"`));
    expect(/error="([^"]*)"/.exec(challenge)?.[1]).toBe(error);
  };

  test('without a token, and with credentials of another kind: 401 without an error code', async () => {
    expectChallenge(await send('/oauth/userinfo', {}), 401, undefined);
    expectChallenge(await send('/oauth/userinfo', { method: 'POST' }), 401, undefined);
    const authorization = 'Basic d2ViOng=';
    expectChallenge(await send('/oauth/userinfo', { headers: { authorization } }), 401, undefined);
  });

  test('two ways at once, in the address, or not a token: 400 invalid_request', async () => {
    const token = await tokenFor();
    const authorization = `Bearer ${token}`;
    const form = new URLSearchParams({ access_token: token });
    const wrong: [string, RequestInit][] = [
      ['', { method: 'POST', headers: { authorization }, body: form }],
      [`?access_token=${token}`, {}],
      [`?access_token=${token}`, { headers: { authorization } }],
      ['', { method: 'POST', body: new URLSearchParams([...form, ...form]) }],
      ['', { headers: { authorization: 'Bearer' } }],
      ['', { headers: { authorization: 'Bearer a b' } }],
    ];
    for (const [query, init] of wrong)
      expectChallenge(await send(`/oauth/userinfo${query}`, init), 400, 'invalid_request');
  });

  test('without openid: 403 insufficient_scope that names it', async () => {
    const authorization = `Bearer ${await tokenFor({ scope: 'profile' })}`;
    const response = await send('/oauth/userinfo', { headers: { authorization } });
    expectChallenge(response, 403, 'insufficient_scope');
    expect(response.headers.get('www-authenticate')).toContain('scope="openid"');
  });

  test('an ID token, a refresh token, a forged or altered one: 401 invalid_token', async () => {
    const { tokens } = await codeFlow(signet, curious);
    const [header, payload, signature] = tokens.access_token.split('.') as [string, string, string];
    const protectedHeader = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT(claimsOf(tokens.access_token))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: protectedHeader.kid })
      .sign(privateKey);
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const unsigned = `${encoded({ ...protectedHeader, alg: 'none' })}.${payload}.`;
    const altered = `${header}.${encoded({ ...claimsOf(tokens.access_token), scope: 'openid phone' })}.${signature}`;
    for (const token of [
      tokens.id_token,
      tokens.refresh_token,
      forged,
      unsigned,
      altered,
      'x',
      `a.b.c`,
      'a'.repeat(9000),
    ])
      expectChallenge(
        await send('/oauth/userinfo', { headers: { authorization: `Bearer ${token}` } }),
        401,
        'invalid_token',
      );
  });
});

describe('a token that opened it opens nothing', () => {
  const expectRefused = async (token: string) => {
    const answer = await getUserinfo(signet, token);
    expect([answer.status, answer.body['error']]).toEqual([401, 'invalid_token']);
  };

  test('for another audience', async () => {
    await expectRefused(await tokenFor({ scope: undefined, resource: api }));
  });

  test('from its exp on, not a second earlier', async () => {
    const token = await tokenFor();
    signet.clock.advance(899);
    expect((await getUserinfo(signet, token)).status).toBe(200);
    signet.clock.advance(1);
    await expectRefused(token);
  });

  test('after the consent was taken back', async () => {
    const { tokens, agent } = await codeFlow(signet, curious);
    await revokeAccess(signet, agent, curious.client_id);
    await expectRefused(tokens.access_token);
  });

  test('after the session ended', async () => {
    const { tokens, agent } = await codeFlow(signet, curious);
    await signOut(signet, agent);
    await expectRefused(tokens.access_token);
  });

  test('after the session went unused for its idle time', async () => {
    await signet.provision({ settings: { session_idle_lifetime: 600 } });
    const token = await tokenFor();
    signet.clock.advance(599);
    expect((await getUserinfo(signet, token)).status).toBe(200);
    signet.clock.advance(1);
    await expectRefused(token);
  });

  test('after its user was disabled', async () => {
    const token = await tokenFor({}, bob);
    await signet.provision({ users: [{ username: 'bob', disabled: true }] });
    await expectRefused(token);
  });
});
