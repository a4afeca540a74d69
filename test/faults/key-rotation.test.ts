// Months of rotation on the real thing: every token verifies until it expires, with any copy of the key set a cache may hold.
import { isDeepStrictEqual } from 'node:util';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { advanceKeys } from '../../src/flows/keys/advance.ts';
import { query } from '../support/database.ts';
import { codeFlow, getUserinfo, ownClient, type Tokens, world } from '../support/flow.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

const day = 24 * 3600;
const dayLong = { ...ownClient, access_token_lifetime: day };

let signet: TestSignet;
let other: TestSignet;
beforeAll(async () => {
  signet = await startSignet({
    provision: { ...world, clients: [dayLong], settings: { id_token_lifetime: day } },
  });
  other = await startSignet({ beside: signet });
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

async function keySet(at: TestSignet): Promise<JSONWebKeySet> {
  return (await fetch(`${at.server.url}/oauth/jwks`)).json() as Promise<JSONWebKeySet>;
}

async function verify({ access_token, id_token }: Tokens, keys: JSONWebKeySet, now: number): Promise<void> {
  const options = { issuer: signet.issuer, currentDate: new Date(now) };
  await jwtVerify(access_token, createLocalJWKSet(keys), { ...options, typ: 'at+jwt' });
  await jwtVerify(id_token, createLocalJWKSet(keys), { ...options, audience: 'own' });
}

const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid!;

test('200 days, two processes taking the same steps: no token ever fails, no key signs that was not published a day', async () => {
  const firstSeen = new Map<string, number>();
  const signed = new Map<string, number>();
  const takeSteps = async () => {
    await Promise.all([signet, other].map(({ server }) => advanceKeys(server.deps)));
    // A day takes milliseconds here, which may be less than word of a step takes from one process to the other.
    const kids = async (at: TestSignet) => (await keySet(at)).keys.map(({ kid }) => kid!);
    const sayTheSame = async () => isDeepStrictEqual(new Set(await kids(signet)), new Set(await kids(other)));
    if (!(await sayTheSame())) await expect.poll(sayTheSame).toBe(true);
    for (const { kid } of (await keySet(signet)).keys) firstSeen.set(kid!, firstSeen.get(kid!) ?? signet.clock.now);
  };
  let yesterday: { tokens: Tokens; keys: JSONWebKeySet } | undefined;
  for (let today = 0; today < 200; today += 1) {
    // At noon, and again at midnight: a key that is made too late for a day's notice must not be hurried.
    await takeSteps();
    signet.clock.advance(day / 2);
    await takeSteps();
    const { now } = signet.clock;
    const keys = await keySet(signet);
    const { tokens } = await codeFlow(signet, ownClient);
    for (const jwt of [tokens.access_token, tokens.id_token]) signed.set(kidOf(jwt), signed.get(kidOf(jwt)) ?? now);
    await verify(tokens, keys, now);
    if (yesterday) {
      // With the set of that day, which some cache may still hold, and with today's until the last second.
      await verify(tokens, yesterday.keys, now);
      await verify(yesterday.tokens, keys, now - 1000);
    }
    yesterday = { tokens, keys };
    signet.clock.advance(day / 2);
  }
  expect(signed.size).toBeGreaterThanOrEqual(2 * 3);
  const [first] = firstSeen.values();
  for (const [kid, at] of signed) {
    const ahead = at - firstSeen.get(kid)!;
    // The very first keys have nobody who could know older ones.
    if (firstSeen.get(kid) !== first) expect(ahead).toBeGreaterThanOrEqual(day * 1000);
  }
  expect(new Set(firstSeen.keys()).size).toBeLessThanOrEqual(2 * 4);
});

test('after that: one active key of each algorithm, and no private part of a key that signs no more', async () => {
  const keys = await query<{ alg: string; state: string; sealed: boolean }>(
    signet.database.url,
    `SELECT alg, state, private_jwk_sealed IS NOT NULL AS sealed FROM signing_keys JOIN tenants ON tenants.id = tenant_id WHERE slug = 'default'`,
  );
  expect(
    keys
      .filter(({ state }) => state === 'active')
      .map(({ alg }) => alg)
      .sort(),
  ).toEqual(['ES256', 'RS256']);
  for (const { state, sealed } of keys) expect(sealed).toBe(state === 'active' || state === 'next');
});

test('the other process signs with the same keys', async () => {
  await expect.poll(async () => keySet(other)).toEqual(await keySet(signet));
  const { tokens } = await codeFlow(signet, ownClient);
  expect((await getUserinfo({ issuer: other.server.url }, tokens.access_token)).status).toBe(200);
});
