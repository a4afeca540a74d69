// Use case 4, a mobile application: it signs in once, checks its token without the network, comes back with its refresh token.
// Other than in the seed: an access token is for 15 minutes and not an hour, and the refresh token is no JWT.
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, bob, claimsOf, getUserinfo, world } from '../support/flow.ts';
import { callService } from '../support/services.ts';
import { startStory, type Story } from '../support/story.ts';

let story: Story;
let profile: string;
beforeAll(async () => {
  const path = '/api/mobile/profile';
  story = await startStory({
    provision: world,
    serves: { [path]: { needs: { scopes: ['profile'] }, answer: ({ subject }) => ({ id: subject }) } },
  });
  profile = story.service + path;
});
afterAll(() => story.stop());

/** POST /api/mobile/login. */
const enter = (user: object, more: object = {}) => postJson(`${story.issuer}/api/mobile/login`, { ...user, ...more });
const publishedKeys = async () => (await (await fetch(`${story.issuer}/oauth/jwks`)).json()) as JSONWebKeySet;
/** What the application itself does with a token, with the keys that it has. */
const checkedBy = (published: JSONWebKeySet) => (token: string) =>
  jwtVerify(token, createLocalJWKSet(published), {
    issuer: story.issuer,
    audience: story.issuer,
    typ: 'at+jwt',
    algorithms: ['ES256'],
    currentDate: new Date(story.clock.now),
  });
const base64url = (text: string) => Buffer.from(text).toString('base64url');

test('in, its profile, offline, fifteen minutes later refused, refreshed at the other server, out: refused for good', () =>
  story.byTurns(async () => {
    const { status, headers, body: first } = await enter(alice, { scope: 'openid profile' });
    expect([status, headers.get('cache-control'), headers.getSetCookie()]).toEqual([200, 'no-store', []]);
    expect(first).toMatchObject({ token: first.access_token, refresh_token: expect.any(String), expires_in: 900 });
    expect(first.refresh_token).not.toContain('.');
    const { sub, exp, iat } = claimsOf(first.token) as { sub: string; exp: number; iat: number };
    expect([exp - iat, story.clock.now / 1000 - iat]).toEqual([900, 0]);
    const check = checkedBy(await publishedKeys());

    const found = { status: 200, challenge: null, body: { id: sub } };
    expect(await callService(profile, first.token)).toEqual(found);

    // In the tunnel: the keys that it has, and nobody to ask.
    const { fetch: network } = globalThis;
    // The balancer goes on asking the servers whether they are ready.
    globalThis.fetch = (input, init) =>
      new Request(input).url.endsWith('/ready') ? network(input, init) : Promise.reject(new Error('offline'));
    try {
      const { payload } = await check(first.token);
      expect(payload).toMatchObject({ client_id: 'first-party', scope: 'openid profile', sub });
      const [header, , signature] = first.token.split('.');
      const forged = `${header}.${base64url('{"sub":"somebody else"}')}.${signature}`;
      await expect(check(forged)).rejects.toThrow(errors.JWSSignatureVerificationFailed);
      story.clock.advance(901);
      await expect(check(first.token)).rejects.toThrow(errors.JWTExpired);
    } finally {
      globalThis.fetch = network;
    }

    // Two clocks may differ by five seconds.
    story.clock.advance(5);
    const expired = story.challenge('The access token has expired.');
    expect(await callService(profile, first.token)).toMatchObject({ status: 401, challenge: expired });
    const atSignet = await getUserinfo(story, first.token);
    expect([atSignet.status, atSignet.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ]);

    const { status: again, body: next } = await refreshAt(story, first.refresh_token);
    expect([again, next.expires_in, (await check(next.token)).payload.sub]).toEqual([200, 900, sub]);
    expect(await callService(profile, next.token)).toEqual(found);
    const told = await getUserinfo(story, next.token);
    expect([told.status, told.body['name']]).toEqual([200, 'Alice Adams']);

    const out = await postJson(`${story.issuer}/auth/logout`, { refresh_token: next.refresh_token });
    expect([out.status, out.text]).toEqual([204, '']);
    for (const { refresh_token: token } of [next, first, next])
      expect(await refreshAt(story, token)).toMatchObject({ status: 401, body: { code: 'invalid_grant' } });
    expect((await getUserinfo(story, next.token)).status).toBe(401);
    // The service hears of it with its next look at the list.
    story.clock.advance(3);
    const revoked = story.challenge('The access token was revoked.');
    expect(await callService(profile, next.token)).toMatchObject({ status: 401, challenge: revoked });
  }));

test('whose telephone it is stays theirs: two people, two profiles, and the end of one is not the end of the other', async () => {
  const [hers, his] = [(await enter(alice)).body, (await enter(bob)).body];
  const ids = await Promise.all([hers, his].map(async ({ token }) => (await callService(profile, token)).body));
  expect(ids).toEqual([{ id: claimsOf(hers.token)['sub'] }, { id: claimsOf(his.token)['sub'] }]);
  expect(ids[0]).not.toEqual(ids[1]);
  await postJson(`${story.issuer}/auth/logout`, { refresh_token: hers.refresh_token });
  expect([
    (await refreshAt(story, hers.refresh_token)).status,
    (await refreshAt(story, his.refresh_token)).status,
  ]).toEqual([401, 200]);
});

describe('refused', () => {
  test.each([
    ['a wrong password', { ...alice, password: 'not the right one, no' }, 401, 'wrong_credentials'],
    ['somebody whom nobody knows', { username: 'nobody', password: alice.password }, 401, 'wrong_credentials'],
    ['no password', { username: alice.username }, 422, 'invalid_input'],
  ])('%s: no token', async (_what, user, status, code) => {
    const answer = await enter(user);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.text).not.toContain('token"');
  });

  test('no token: 401 that says nothing of errors; one without the scope: 403', async () => {
    expect(await callService(profile)).toMatchObject({ status: 401, challenge: `Bearer realm="${story.issuer}"` });
    const { body } = await enter(alice, { scope: 'openid' });
    expect(await callService(profile, body.token)).toMatchObject({
      status: 403,
      challenge: `${story.challenge('This needs the scope profile.', 'insufficient_scope')}, scope="profile"`,
    });
  });

  test.each<[string, (token: string, keys: JSONWebKeySet) => string | Promise<string>]>([
    ['claims of somebody else', (token) => token.replace(/\.[^.]+/, `.${base64url('{"sub":"somebody else"}')}`)],
    ['no signature', (token) => token.replace(/[^.]+$/, '')],
    ['alg none', (token) => `${base64url('{"alg":"none","typ":"at+jwt"}')}.${token.split('.')[1]}.`],
    [
      'a signature made with the public key as a secret',
      (token, { keys }) =>
        new SignJWT(claimsOf(token))
          .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: keys[0]!.kid! })
          .sign(Buffer.from(JSON.stringify(keys[0]).padEnd(32))),
    ],
  ])('a token with %s: 401 at the service and at Signet', async (_what, forge) => {
    const { body } = await enter(alice);
    const forged = await forge(body.token, await publishedKeys());
    const { status, challenge } = await callService(profile, forged);
    expect([status, challenge]).toEqual([401, story.challenge('The access token is not valid here.')]);
    expect((await getUserinfo(story, forged)).status).toBe(401);
    expect((await callService(profile, body.token)).status).toBe(200);
  });

  test('the refresh token in the place of the access token, and the other way round', async () => {
    const { body } = await enter(alice);
    expect((await callService(profile, body.refresh_token)).status).toBe(401);
    expect((await getUserinfo(story, body.refresh_token)).status).toBe(401);
    expect(await refreshAt(story, body.token)).toMatchObject({ status: 401, body: { code: 'invalid_grant' } });
  });
});

test('guesses of strangers, at both servers, keep out whoever says nothing of a device, but not the telephone that does', async () => {
  const { device } = (await enter(bob)).body;
  for (let guess = 0; guess < 6; guess += 1) await enter({ ...bob, password: 'not the right one, no' });
  await story.atBoth(async () => {
    const refused = await enter(bob);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
  });
  expect((await logIn(story, bob)).status).toBe(429);
  expect((await enter(bob, { device })).status).toBe(200);
});
