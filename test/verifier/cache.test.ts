// Tokens that are remembered: quicker, and otherwise as if none were.
import fc from 'fast-check';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { createVerifiedTokens } from '../../src/verifier/verified-tokens.ts';
import type { TokenError, Verifier } from '../../src/verifier/verifier.ts';
import { type FakeIssuer, fakeIssuer, makePair, type Pair } from './issuer.ts';

let pairs: readonly Pair[];
let id: FakeIssuer;
beforeAll(async () => {
  pairs = await Promise.all([makePair('a'), makePair('b')]);
});
beforeEach(() => {
  id = fakeIssuer(...pairs);
});

const said = (verifier: Verifier, token: string, needs = {}) =>
  verifier.verify(token, needs).then(
    ({ claims }) => claims['jti'],
    (error: TokenError) => error.message,
  );

test('whatever comes in whatever order, and however the clock moves and keys change: the same as without', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ token: fc.nat(7), scope: fc.constantFrom('orders:read', 'orders:write') }) },
    { weight: 2, arbitrary: fc.record({ advance: fc.integer({ min: -40, max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ keys: fc.subarray([0, 1]) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 2, 100), async (steps, cachedTokens) => {
      id = fakeIssuer(...pairs);
      const [remembering, forgetting] = [id.verifier({ cachedTokens }), id.verifier({ cachedTokens: 0 })];
      const seconds = id.clock.now / 1000;
      const good = Array.from({ length: 6 }, (_, n) =>
        id.token(pairs[n % 2]!, { exp: seconds + 200 * (n + 1), ...(n === 5 && { nbf: seconds + 100 }) }),
      );
      const other = good[1]!;
      const tokens = [...good, `${good[0]!.slice(0, -10)}${other.slice(-10)}`, id.token(pairs[0]!, { aud: 'x' })];
      for (const it of steps) {
        if ('advance' in it) id.advance(it.advance);
        else if ('keys' in it) id.keys = it.keys.map((n) => pairs[n]!.jwk);
        else {
          const needs = { scopes: [it.scope] };
          const expected = await said(forgetting, tokens[it.token]!, needs);
          expect(await said(remembering, tokens[it.token]!, needs)).toBe(expected);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('a token is remembered: the second time without waiting, and as the same object', async () => {
  const verifier = id.verifier();
  const token = id.token(pairs[0]!);
  expect(verifier.verifyNow(token)).toBeUndefined();
  const verified = await verifier.verify(token);
  expect(verifier.verifyNow(token)).toBe(verified);
  expect(await verifier.verify(token)).toBe(verified);
  expect(verifier.verifyNow(id.token(pairs[0]!))).toBeUndefined();
});

test('it ends when the token does, to the second and with the tolerance', async () => {
  const verifier = id.verifier();
  const token = id.token(pairs[0]!, { exp: id.clock.now / 1000 + 100 });
  await verifier.verify(token);
  id.advance(104);
  expect(verifier.verifyNow(token)).toBeDefined();
  id.advance(1);
  expect(verifier.verifyNow(token)).toBeUndefined();
  expect(await said(verifier, token)).toBe('invalid_token: The access token has expired.');
});

test('a clock that was set back ends it where the token is not valid yet', async () => {
  const verifier = id.verifier();
  const token = id.token(pairs[0]!);
  await verifier.verify(token);
  id.advance(-6);
  expect(verifier.verifyNow(token)).toBeUndefined();
});

test('what was refused is not remembered', async () => {
  const verifier = id.verifier({ cachedTokens: 1 });
  const good = id.token(pairs[0]!);
  await verifier.verify(good);
  for (const bad of [id.token(pairs[0]!, { aud: 'x' }), id.token(pairs[0]!, { client_id: undefined }), `${good}A`]) {
    await said(verifier, bad);
    expect(verifier.verifyNow(bad)).toBeUndefined();
  }
  expect(verifier.verifyNow(good)).toBeDefined();
});

test('what allows too little now may be enough for another call', async () => {
  const verifier = id.verifier();
  const token = id.token(pairs[0]!);
  const refusal = 'insufficient_scope: This needs the scope orders:write.';
  expect(await said(verifier, token, { scopes: ['orders:write'] })).toBe(refusal);
  expect(await said(verifier, token, { scopes: ['orders:write'] })).toBe(refusal);
  expect(() => verifier.verifyNow(token, { scopes: ['orders:write'] })).toThrow(refusal);
  expect(verifier.verifyNow(token, { scopes: ['orders:read'] })).toBeDefined();
});

test('nobody changes what the next one is told', async () => {
  const verifier = id.verifier();
  const token = id.token(pairs[0]!, { aud: ['https://orders.example'], roles: ['reader'], act: { sub: ['x'] } });
  const verified = await verifier.verify(token);
  const before = JSON.stringify(verified);
  const { claims } = verified as unknown as { claims: { aud: string[]; act: { sub: string[] }; scope: string } };
  const bent = verified as unknown as { subject: string; scopes: string[]; roles: string[]; audience: string[] };
  for (const change of [
    () => (bent.subject = 'root'),
    () => bent.scopes.push('orders:write'),
    () => bent.roles.push('admin'),
    () => bent.audience.push('x'),
    () => (claims.scope = 'everything'),
    () => claims.aud.push('x'),
    () => claims.act.sub.push('x'),
  ])
    expect(change).toThrow(TypeError);
  expect(JSON.stringify(await verifier.verify(token))).toBe(before);
});

test('never more are remembered than were allowed: the first goes first', async () => {
  const verifier = id.verifier({ cachedTokens: 3 });
  const tokens = Array.from({ length: 8 }, () => id.token(pairs[0]!));
  for (const token of [...tokens, tokens[7]!]) await verifier.verify(token);
  expect(tokens.map((token) => verifier.verifyNow(token) !== undefined)).toEqual([
    ...Array.from({ length: 5 }, () => false),
    ...Array.from({ length: 3 }, () => true),
  ]);
});

test('none where none are allowed', async () => {
  const verifier = id.verifier({ cachedTokens: 0 });
  const token = id.token(pairs[0]!);
  await verifier.verify(token);
  expect(verifier.verifyNow(token)).toBeUndefined();
});

test('one that is kept twice takes one place', () => {
  const tokens = createVerifiedTokens<string>(2);
  for (const name of ['a', 'b', 'b', 'b']) tokens.keep(name, `what ${name} says`);
  expect(['a', 'b'].map((name) => tokens.find(name))).toEqual(['what a says', 'what b says']);
});

test('a token of more characters than are looked at is not even searched for', () => {
  expect(id.verifier().verifyNow('x'.repeat(1_000_000))).toBeUndefined();
});
