// A mobile application: signs in once, checks its token without the network, comes back a quarter of an hour later, signs out.
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, postJson, refreshAt } from '../support/first-party.ts';
import { alice, getUserinfo, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
});
afterAll(() => signet.stop());

test('sign in, check offline, come back after fifteen minutes, refresh, sign out', async () => {
  const { body: first } = await postJson(`${signet.issuer}/api/mobile/login`, { ...alice, scope: 'openid profile' });
  const published = (await (await fetch(`${signet.issuer}/oauth/jwks`)).json()) as JSONWebKeySet;

  // In the tunnel: the keys that it has, and no network.
  const keys = createLocalJWKSet(published);
  const check = (token: string) =>
    jwtVerify(token, keys, {
      issuer: signet.issuer,
      audience: signet.issuer,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate: new Date(signet.clock.now),
    });
  const { fetch: network } = globalThis;
  globalThis.fetch = () => Promise.reject(new Error('offline'));
  try {
    expect((await check(first.token)).payload).toMatchObject({ client_id: 'first-party', scope: 'openid profile' });
    const [header, , signature] = first.token.split('.');
    const forged = `${header}.${Buffer.from('{"sub":"somebody else"}').toString('base64url')}.${signature}`;
    await expect(check(forged)).rejects.toThrow(errors.JWSSignatureVerificationFailed);
    signet.clock.advance(901);
    await expect(check(first.token)).rejects.toThrow(errors.JWTExpired);
  } finally {
    globalThis.fetch = network;
  }

  expect((await getUserinfo(signet, first.token)).status).toBe(401);
  const { status, body: next } = await refreshAt(signet, first.refresh_token);
  expect([status, next.expires_in, (await check(next.token)).payload.sub]).toEqual([200, 900, expect.any(String)]);
  expect((await getUserinfo(signet, next.token)).status).toBe(200);

  // The next time it says which device it is: guesses of strangers do not keep it out.
  for (let guess = 0; guess < 6; guess += 1) await logIn(signet, { ...alice, password: 'not the right one, no' });
  expect((await logIn(signet, alice)).status).toBe(429);
  expect((await logIn(signet, alice, { device: first.device })).status).toBe(200);

  expect((await postJson(`${signet.issuer}/auth/logout`, { refresh_token: next.refresh_token })).status).toBe(204);
  expect((await refreshAt(signet, next.refresh_token)).status).toBe(401);
  expect((await getUserinfo(signet, next.token)).status).toBe(401);
});
